"""A shop to look at: Persian and English, markup in names, nulls, every kind of message. The same for the same seed."""

from datetime import datetime, timedelta

from mock_server.models import Conversation, Customer, Message, Store, Tag, User, now

USERS = (
    User(1, "sara@example.com", "sara", "demo-sara", "Sara", "احمدی"),
    User(2, "omid@example.com", "omid", "demo-omid", "Omid", "کریمی"),
)
TAGS = ("VIP", "مشتری ویژه", "Wholesale", "<i>tag</i>", "Refund", "تهران", "Telegram", "Instagram")
PEOPLE: tuple[tuple[str | None, str | None, str | None], ...] = (
    ("علی", "رضایی", "ali_r"),
    ("Emma", "Clarke", "emma.c"),
    ("<b>Bold</b>", "<script>alert(1)</script>", "<img src=x onerror=alert(2)>"),
    ("نگار", None, None),
    ("John", 'O\'Neil "Q"', "john&co"),
    ("😀 Emoji", "👩‍👩‍👧‍👦", "emo"),
    ("", "", "only_username"),
    ("مریم", "موسوی", "maryam.m"),
    ("\u200fرضا\u200f", "قاسمی", None),
    ("Chloé", "Dubois", "chloe"),
    ("حسین", "محمدی", "hossein_m"),
    (None, None, None),
    ("Yuki", "田中", "yuki"),
    ("زهرا", "کاظمی", "zahra.k"),
    ("Liam", "Smith", "liam"),
)
QUESTIONS = (
    "سلام، وقت بخیر 🌸",
    "قیمت این مدل چنده؟",
    "Hello! Is this still available?",
    "ارسال به مشهد چند روز طول می‌کشد؟",
    "Do you ship to Canada?",
    "سایز L موجود دارید؟",
    "<b>bold?</b> & <script>alert('x')</script>",
    "I paid yesterday, but nothing has arrived yet. Could you look into it, please?",
    "یه عکس دیگه هم می‌فرستید؟",
    "\u202bمتن راست به چپ با English داخلش\u202c 123",
    "👍",
    "first line\nsecond line\n\nfourth line",
)
ANSWERS = (
    "سلام، بله موجود است 🙂",
    "Yes, it is. Shall I keep one for you?",
    "دو تا سه روز کاری.",
    "We do, it takes about two weeks.",
    "Thank you for your patience, I am checking it now.",
    "حتماً، همین الان برایتان می‌فرستم.",
)
STATUSES = ("active", "support_active", "marketing_active", "closed")
SOURCES = ("telegram", "instagram", "unknown")


def seeded(conversations: int = 300, seed: int = 1) -> Store:
    """Return a store with ``conversations`` conversations for Sara and a tenth of that for Omid."""
    store = Store(seed)
    store.users = {user.id: user for user in USERS}
    start = now()
    tags = [Tag(number, name, start - timedelta(days=90)) for number, name in enumerate(TAGS, 1)]
    sara, omid = USERS
    _fill(store, sara, conversations, tags, start)
    _fill(store, omid, max(conversations // 10, 3 if conversations else 0), tags, start)
    return store


def _fill(store: Store, owner: User, count: int, tags: list[Tag], start: datetime) -> None:
    customers = [
        _customer(store, owner, number, tags, start) for number in range(max(count * 3 // 5, 1) if count else 0)
    ]
    for number in range(count):
        conversation = _conversation(store, owner, customers[number % len(customers)], number, start)
        if number == 0:
            _every_kind(store, conversation, start)
        elif number == 1:
            _long(store, conversation, start)
        elif number != 2:  # the third one stays empty
            _small_talk(store, conversation, number, start)
        last = conversation.last_message
        conversation.updated_at = last.created_at if last else conversation.created_at


def _customer(store: Store, owner: User, number: int, tags: list[Tag], start: datetime) -> Customer:
    first, last, username = PEOPLE[number % len(PEOPLE)]
    source = SOURCES[number % 7 % 3]
    identity = len(store.customers) + 1
    customer = Customer(
        identity,
        source,
        f"{source}-{1000 + identity}",
        start - timedelta(days=40, hours=number),
        start - timedelta(hours=number),
        first_name=first if number < len(PEOPLE) or not first else f"{first} {number // len(PEOPLE) + 1}",
        last_name=last,
        username=username,
        email=f"c{identity}@example.org" if number % 3 else None,
        phone_number="" if number % 5 == 4 else f"+98912{identity:07d}" if number % 2 else None,
        description="توضیحات <b>x</b>" if number % 2 else None,
        profile_picture="/media/customer_img/default.png" if number % 4 else None,
        tags=[tags[(number + step) % len(tags)] for step in range(number % 3)],
        data={"company": "ACME", "nested": {"a": [1, None]}} if number % 6 == 0 else {},
    )
    store.customers[identity] = customer
    return customer


def _conversation(store: Store, owner: User, customer: Customer, number: int, start: datetime) -> Conversation:
    created = start - timedelta(days=20, minutes=number)
    shown = f"{customer.first_name or ''} {customer.last_name or ''}".strip() or f"@{customer.username or 'unknown'}"
    title = None if number % 11 == 7 else f"{customer.source} - {shown} | {customer.source}"
    conversation = Conversation(
        store.new_id(),
        owner,
        None if number % 29 == 17 else customer,
        "<b>every</b> kind of message" if number == 0 else title,
        STATUSES[(number + 1) % 4],
        customer.source,
        1 + number % 3,
        created,
        created,
    )
    store.conversations[conversation.id] = conversation
    return conversation


def _say(store: Store, conversation: Conversation, at: datetime, content: str, kind: str, **more: object) -> Message:
    details = {"is_ai_response": kind == "AI", **more}
    return store.add_message(conversation, content, kind, created_at=at, **details)


def _small_talk(store: Store, conversation: Conversation, number: int, start: datetime) -> None:
    at = start - timedelta(minutes=17 * number + 3)
    for step in range(1 + number % 5):
        question = QUESTIONS[(number + step) % len(QUESTIONS)]
        asked = _say(store, conversation, at - timedelta(minutes=4 * (5 - step)), question, "customer")
        if (number + step) % 3:
            asked.is_answered = True
            kind = "AI" if number % 2 else "support"
            answer = ANSWERS[(number + step) % len(ANSWERS)]
            _say(store, conversation, asked.created_at + timedelta(minutes=1), answer, kind)


def _long(store: Store, conversation: Conversation, start: datetime) -> None:
    """240 messages, some at the very same moment."""
    for step in range(240):
        at = start - timedelta(minutes=5 * (240 - step // 2 * 2))
        asked = step % 2 == 0
        text = QUESTIONS[step % len(QUESTIONS)] if asked else ANSWERS[step % len(ANSWERS)]
        kind = "customer" if asked else "AI" if step % 3 else "support"
        _say(store, conversation, at, f"{text} #{step + 1}", kind, is_answered=asked and step < 234)


def _every_kind(store: Store, conversation: Conversation, start: datetime) -> None:
    at = start - timedelta(hours=2)
    kinds: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("پیام مشتری", "customer", {"is_answered": True}),
        ("پاسخ هوش مصنوعی: **سلام**", "AI", {}),
        ("An answer by a person", "support", {}),
        ("20% off until Friday!", "marketing", {}),
        ("typed by an operator", "operator", {"has_customer": False, "is_ai_response": True}),
        (
            "",
            "customer",
            {"message_type": "voice", "media_url": "/media/voice.wav", "transcription": "سلام، سفارش من کجاست؟"},
        ),
        (
            "[Voice]",
            "customer",
            {"message_type": "voice", "media_url": "/media/voice.wav", "processing_status": "pending"},
        ),
        ("", "customer", {"message_type": "image", "media_url": "/media/photo.png"}),
        (
            "[Image]",
            "customer",
            {"message_type": "image", "media_url": "/media/missing.png", "processing_status": "failed"},
        ),
        ("", "customer", {"message_type": "video", "media_url": "/media/clip.mp4"}),
        ("A post that the customer shared", "customer", {"message_type": "share", "media_url": "/media/photo.png"}),
        ("<img src=x onerror=alert(3)> & \"quotes\" 'single'", "customer", {}),
        ("\u202eright to left override\u202c and 👩‍👩‍👧‍👦 " + "long " * 190, "customer", {}),
    )
    for step, (content, kind, more) in enumerate(kinds):
        _say(store, conversation, at + timedelta(minutes=step), content, kind, **more)
