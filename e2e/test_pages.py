"""The pages' main journeys, as a user makes them."""

from functools import partial

import pytest
from playwright.sync_api import expect

from e2e.steady import Steady
from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from e2e.waiting import eventually
from mock_server.models import Conversation
from mock_server.server import MockServer

BOTH = pytest.mark.parametrize("profile", ["guide", "current"])


def conversation_of(server: MockServer, position: int) -> Conversation:
    """Sara's conversation at a position of the seed: 0 has every kind of message, 1 is long, 2 is empty."""
    return list(server.backend.store.conversations.values())[position]


@pytest.fixture
def server(steady: Steady) -> MockServer:
    return steady.server


@pytest.fixture
def inbox(steady: Steady) -> Tab:
    """The tab that stays open, with the live list of conversations."""
    steady.conversations()
    return steady.tab


@pytest.fixture
def chat(steady: Steady) -> Tab:
    """The same tab with the long conversation."""
    steady.chat()
    return steady.tab


@pytest.fixture
def colourful(steady: Steady) -> Tab:
    """The same tab with the conversation that has every kind of message."""
    steady.chat(0)
    return steady.tab


@pytest.fixture
def own(tab: Tab) -> Tab:
    """A tab of the test's own, with the live list: what is stored or shown may change for good."""
    tab.give_session().open("/conversations").ready()
    expect(tab.rows().first).to_be_visible()
    return tab


# --- conversations ---


@BOTH
def test_filters_come_from_the_server_and_stay_in_the_address(own: Tab, server: MockServer) -> None:
    """Search, filter, page; a reload shows the same."""
    own.page.get_by_label("Status").select_option("closed")
    expect(own.page.get_by_text("15 conversations")).to_be_visible()
    own.page.get_by_label("Search").fill("emma")
    own.expect_path(r"/conversations\?status=closed&search=emma$")
    eventually(lambda: own.rows().count() < 15, page=own.page)
    shown = own.rows().count()
    own.reload().ready()
    expect(own.rows()).to_have_count(shown)
    own.page.get_by_role("button", name="Clear filters").click()
    expect(own.page.get_by_text("60 conversations")).to_be_visible()


def test_paging(inbox: Tab) -> None:
    """Next and previous lead through all of them, each exactly once."""
    seen: list[str] = []
    for number in (1, 2, 3):
        expect(inbox.page.get_by_text(f"Page {number} of 3")).to_be_visible()
        expect(inbox.rows()).to_have_count(20)
        seen += inbox.page.locator("[data-conversation-id]").evaluate_all(
            "all => all.map(e => e.dataset.conversationId)"
        )
        if number < 3:
            inbox.page.get_by_role("button", name="Next").click()
    assert len(set(seen)) == 60
    expect(inbox.page.get_by_role("button", name="Next")).to_be_disabled()


def test_a_page_past_the_end_is_the_last_one(steady: Steady) -> None:
    """An address that names more pages than there are leads to the last, and is put right."""
    steady.go("/conversations?page=99", CONVERSATIONS)
    expect(steady.tab.page.get_by_text("Page 3 of 3")).to_be_visible()
    expect(steady.tab.rows()).to_have_count(20)
    steady.tab.expect_path(r"/conversations\?page=3$")
    assert (steady.tab.sent("get_conversations"), steady.tab.received("conversations_list")) == (2, 3)


def test_new_activity_moves_a_row_and_keeps_focus(inbox: Tab, server: MockServer) -> None:
    """A customer writes: the row comes first with its new text, and the focused row keeps the focus."""
    fifth = inbox.rows().nth(5)
    identity = fifth.get_attribute("data-conversation-id")
    inbox.rows().nth(2).locator("a").focus()
    focused = inbox.rows().nth(2).get_attribute("data-conversation-id")
    server.push(event="customer_message", conversation=identity, content="are you there?")
    expect(inbox.rows().first).to_have_attribute("data-conversation-id", str(identity))
    expect(inbox.rows().first).to_contain_text("are you there?")
    active = inbox.page.evaluate("document.activeElement.closest('[data-conversation-id]').dataset.conversationId")
    assert active == focused


def test_a_push_does_not_break_the_readers_filter(inbox: Tab, server: MockServer) -> None:
    """While the list is filtered a push brings news, not the unfiltered page."""
    inbox.page.get_by_label("Status").select_option("closed")
    expect(inbox.page.get_by_text("15 conversations")).to_be_visible()
    other = next(c for c in server.backend.store.conversations.values() if c.status == "active")
    fits = next(c for c in server.backend.store.conversations.values() if c.status == "closed")
    for conversation, content in ((other, "news from elsewhere"), (fits, "news that fits")):
        lists = inbox.received("conversations_list")
        server.push(event="customer_message", conversation=conversation.id, content=content)
        eventually(partial(_has_asked_anew, inbox, lists + 2), page=inbox.page)
    expect(inbox.page.get_by_text("news that fits")).to_be_visible()
    expect(inbox.page.get_by_text("15 conversations")).to_be_visible()
    expect(inbox.page.get_by_text("news from elsewhere")).to_have_count(0)
    expect(inbox.rows()).to_have_count(15)


def _has_asked_anew(inbox: Tab, lists: int) -> bool:
    """Whether so many lists have come, the last one as the answer to a question, which waits for more news first."""
    inbox.pass_time(0.5)
    return inbox.received("conversations_list") == lists


def test_news_that_never_stop_are_asked_about_all_the_same(steady: Steady) -> None:
    """In a shop where somebody writes all the time a filtered list is brought up to date every few seconds."""
    steady.conversations()
    tab = steady.tab
    tab.page.get_by_label("Status").select_option("closed")
    expect(tab.page.get_by_text("15 conversations")).to_be_visible()
    asked, identity = tab.sent("get_conversations"), conversation_of(steady.server, 3).id
    for number in range(24):
        heard = tab.received("conversations_list")
        steady.server.push(event="customer_message", conversation=identity, content=f"and another thing {number}")
        eventually(partial(_has_heard, tab, heard), page=tab.page)
        tab.pass_time(0.3)
    tab.expect_frames("sent", "get_conversations", asked + 2)


def _has_heard(tab: Tab, before: int) -> bool:
    return tab.received("conversations_list") > before


def test_the_keyboard_is_enough(inbox: Tab) -> None:
    """Arrow keys walk through the rows, Enter opens one, and the composer has the focus there."""
    inbox.rows().first.locator("a").focus()
    inbox.page.keyboard.press("ArrowDown")
    inbox.page.keyboard.press("Enter")
    inbox.expect_path(r"/chat/\w+$")
    expect(inbox.page.get_by_label("Message", exact=True)).to_be_focused()


# --- chat ---


@BOTH
def test_a_message_is_shown_at_once_and_matched_to_its_echo(chat: Tab, server: MockServer) -> None:
    """What is sent appears once, first as pending and then as the server's row."""
    chat.page.get_by_label("Message", exact=True).fill("  سلام from Sara  ")
    chat.page.keyboard.press("Enter")
    row = chat.rows("message").filter(has_text="سلام from Sara")
    expect(row).to_have_count(1)
    expect(row).not_to_have_attribute("data-status", "sending")
    stored = [m for m in conversation_of(server, 1).messages if m.content == "سلام from Sara"]
    assert len(stored) == 1
    expect(chat.page.get_by_label("Message", exact=True)).to_have_value("")


def test_a_chat_opens_at_its_newest_message(chat: Tab) -> None:
    """The end of the last message is in view when a conversation is opened, and after an answer."""
    below = "(log => log.scrollHeight - log.scrollTop - log.clientHeight)(document.getElementById('log'))"
    expect(chat.rows("message").last).to_be_in_viewport(ratio=0.99)
    assert chat.page.evaluate(below) < 2
    chat.page.get_by_label("Message", exact=True).fill("the newest")
    chat.page.keyboard.press("Enter")
    expect(chat.rows("message").filter(has_text="the newest").locator("[role=status]")).to_have_count(0)
    assert chat.page.evaluate(below) < 2


def test_older_messages_come_on_scroll(chat: Tab, server: MockServer) -> None:
    """Scrolling up brings the 240 messages of the conversation, each once; those in view are in the document."""
    log = chat.page.locator("#log")
    expect(chat.rows("message")).to_have_count(50)

    def look_back() -> bool:
        log.evaluate("e => { e.scrollTop = 0; e.dispatchEvent(new Event('scroll')); }")
        return log.get_attribute("data-total") == "240"

    eventually(look_back, page=chat.page)
    first = sorted(conversation_of(server, 1).messages, key=lambda message: message.created_at)[0]
    log.evaluate("e => { e.scrollTop = 0; }")
    expect(chat.rows("message").first).to_have_attribute("data-message-id", first.id)
    ids = chat.page.locator("[data-message-id]").evaluate_all("all => all.map(e => e.dataset.messageId)")
    assert len(set(ids)) == len(ids) < 240
    expect(chat.page.locator("#older")).to_be_hidden()


def test_text_is_text(colourful: Tab, server: MockServer) -> None:
    """Markup, marks of direction, emoji and long texts are shown as typed, and no element is made of them."""
    expect(colourful.page.get_by_text("<img src=x onerror=alert(3)> & \"quotes\" 'single'")).to_be_visible()
    assert colourful.page.locator("#log script, #log b, #log img[src='x']").count() == 0
    text = "<b>bold</b> & <script>alert(1)</script> \u202bسلام\u202c 👩‍👩‍👧‍👦 " + "x" * 900
    colourful.page.get_by_label("Message", exact=True).fill(text)
    colourful.page.get_by_role("button", name="Send").click()
    row = colourful.rows("message").last
    expect(row.locator(".text")).to_have_text(text)
    expect(row).not_to_have_attribute("data-status", "sending")
    assert colourful.page.locator("#log script, #log b").count() == 0


def test_every_kind_of_message_is_shown(colourful: Tab, server: MockServer) -> None:
    """Voice with its transcription, picture, video, shared post, and a sender that the app does not know."""
    page = colourful.page
    expect(page.locator("audio")).to_have_count(2)
    expect(page.locator("video")).to_have_count(1)
    expect(page.locator("#log img")).to_have_count(2)
    expect(page.get_by_text("سلام، سفارش من کجاست؟")).to_be_visible()
    expect(page.get_by_text("Being processed…")).to_be_visible()
    expect(page.get_by_text("Could not be processed")).to_be_visible()
    expect(page.get_by_text("Operator", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Shared post")).to_have_attribute("rel", "noopener noreferrer nofollow")


def test_feedback_on_an_ai_answer(colourful: Tab, server: MockServer) -> None:
    """A rating and its comment reach the server; a second click takes the rating back."""
    answer = next(m for m in conversation_of(server, 0).messages if m.type == "AI")
    row = colourful.page.locator(f'[data-message-id="{answer.id}"]')
    row.get_by_role("button", name="Good answer").click()
    expect(row.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    row.get_by_label("Comment").fill("خوب بود <b>")
    row.get_by_role("button", name="Save comment").click()
    eventually(lambda: answer.feedback_comment == "خوب بود <b>")
    assert answer.feedback == "positive"
    row.get_by_role("button", name="Good answer").click()
    expect(row.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "false")
    assert answer.feedback == "none"


def test_opening_marks_as_read(colourful: Tab, server: MockServer) -> None:
    """A conversation that somebody looks at is marked as read, once."""
    eventually(lambda: not conversation_of(server, 0).unread)
    colourful.expect_frames("sent", "mark_read", 1)


@pytest.mark.parametrize("profile", ["current"])
def test_an_answer_that_nobody_announces_is_asked_for(steady: Steady) -> None:
    """However often a customer writes, one question goes out in ten seconds, until there is an answer to show."""
    conversation, tab, server = steady.chat(), steady.tab, steady.server
    marked = tab.sent("mark_read")
    for number in range(1, 4):
        server.push(event="customer_message", conversation=conversation.id, content=f"question {number}")
        tab.expect_frames("sent", "mark_read", marked + number)
    asked, answered = tab.sent("get_messages"), tab.received("recent_messages")
    steady.pass_quietly(30)
    tab.expect_frames("sent", "get_messages", asked + 3)
    tab.expect_frames("received", "recent_messages", answered + 3)  # or what is pushed now may be in the third
    server.push(event="ai_answer", conversation=conversation.id, content="from the AI")
    assert tab.said("Received message: ai_message") == 0
    steady.pass_quietly(10)
    expect(tab.page.get_by_text("from the AI")).to_be_visible()
    steady.pass_quietly(20)
    tab.expect_frames("sent", "get_messages", asked + 4)


def test_the_same_id_again_replaces(chat: Tab, server: MockServer) -> None:
    """New content for an old id, as after the processing of a voice message, replaces the row."""
    message = conversation_of(server, 1).messages[-1]
    count = chat.rows("message").count()
    server.push(event="replace", message=message.id, content="processed now")
    expect(chat.page.locator(f'[data-message-id="{message.id}"]')).to_contain_text("processed now")
    expect(chat.rows("message")).to_have_count(count)


def test_a_message_typed_while_the_link_is_down_is_kept_and_sent_once(tab: Tab, server: MockServer) -> None:
    """It is shown as not sent, survives a reload, and goes out once, when the user says so."""
    identity = conversation_of(server, 1).id
    chat = tab.give_session().open(f"/chat/{identity}").ready(f"/ws/chat/{identity}/")
    chat.expected.append(r"WebSocket connection to .* failed")
    server.fault("refuse", endpoint="/ws/chat/")
    server.fault("close", code=1012, endpoint="/ws/chat/")
    chat.expect_state("waiting", f"/ws/chat/{identity}/")
    chat.page.get_by_label("Message", exact=True).fill("typed in the tunnel")
    chat.page.keyboard.press("Enter")
    row = chat.rows("message").filter(has_text="typed in the tunnel")
    expect(row).to_have_attribute("data-status", "queued")
    expect(row.get_by_role("button", name="Send now")).to_be_disabled()
    server.backend.faults.clear()
    chat.reload().ready(f"/ws/chat/{identity}/")
    expect(row).to_have_attribute("data-status", "queued")
    row.get_by_role("button", name="Send now").click()
    expect(row).to_have_count(1)
    expect(row).not_to_have_attribute("data-status", "queued")
    eventually(lambda: sum(m.content == "typed in the tunnel" for m in conversation_of(server, 1).messages) == 1)


def test_a_message_whose_echo_is_lost_resolves_from_the_next_snapshot(steady: Steady) -> None:
    """The link drops before the echo: the fate is unknown, and the snapshot settles it without a second send."""
    conversation = steady.chat()
    steady.server.fault("half_open", endpoint="/ws/chat/", direction="out")
    row = steady.write("did this arrive?")
    expect(row).to_have_attribute("data-status", "sending")
    eventually(lambda: any(m.content == "did this arrive?" for m in conversation.messages))
    steady.server.fault("abort", endpoint="/ws/chat/")
    expect(row).to_have_attribute("data-status", "unknown")
    steady.reconnect()
    expect(row).to_have_count(1)
    expect(row).not_to_have_attribute("data-status", "unknown")
    assert steady.tab.sent("chat_message") == 1


def test_a_draft_survives_leaving_and_coming_back(chat: Tab, server: MockServer) -> None:
    """What was typed and not sent is there again."""
    chat.page.get_by_label("Message", exact=True).fill("half a thought")
    chat.page.get_by_role("link", name="Customers").click()
    chat.ready(CUSTOMERS)
    chat.page.go_back()
    expect(chat.page.get_by_label("Message", exact=True)).to_have_value("half a thought")


def test_anothers_conversation_is_not_shown(tab: Tab, server: MockServer) -> None:
    """A conversation that is not ours is refused; the page says so and stays logged in."""
    tab.expected.append(r"WebSocket connection to .* failed")
    theirs = next(c for c in server.backend.store.conversations.values() if c.owner.email == "omid@example.com")
    tab.give_session().open(f"/chat/{theirs.id}")
    tab.expect_state("waiting", f"/ws/chat/{theirs.id}/")
    tab.expect_path(f"/chat/{theirs.id}$")
    expect(tab.rows("message")).to_have_count(0)


# --- customers ---


@BOTH
def test_customers_with_filters_and_links(tab: Tab, server: MockServer) -> None:
    """The list shows names as typed, filters by what the server offers, and links to each conversation."""
    tab.give_session().open("/customers").ready(CUSTOMERS)
    expect(tab.page.get_by_text("36 customers")).to_be_visible()
    expect(tab.page.get_by_text("<b>Bold</b> <script>alert(1)</script>", exact=True)).to_be_visible()
    tab.page.get_by_label("Email").select_option("true")
    expect(tab.page.get_by_text("24 customers")).to_be_visible()
    tab.rows("customer").first.get_by_role("link").first.click()
    tab.expect_path(r"/chat/\w+$")


# --- everywhere ---


def test_persian_and_dark_on_a_phone(own: Tab) -> None:
    """Language, direction and theme are the user's, stay after a reload, and nothing scrolls sideways on a phone."""
    page = own.page
    page.get_by_label("Language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("heading", name="گفتگوها")).to_be_visible()
    page.get_by_label("پوسته").select_option("dark")
    page.set_viewport_size({"width": 360, "height": 740})
    own.reload().ready()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", name="گفتگوها")).to_be_visible()
    for language in ("fa", "en"):
        if language == "en":
            page.locator("#language").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", language)
        for path in ("/customers", "/conversations"):
            page.locator(f'nav a[href="{path}"]').click()
            own.expect_path(f"{path}$").ready(f"/ws{path}/")
            expect(own.rows(path[1:-1]).first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.evaluate("document.querySelector('main').scrollWidth <= innerWidth"), (language, path)


def test_filters_are_folded_away_on_a_phone(inbox: Tab) -> None:
    """On a phone the filters open at a touch, and closed they still say how many are set."""
    page = inbox.page
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.get_by_label("Status")).to_be_hidden()
    page.get_by_role("button", name="Filters", exact=True).click()
    page.get_by_label("Status").select_option("closed")
    expect(page.get_by_text("15 conversations")).to_be_visible()
    page.get_by_role("button", name="Filters (1)").click()
    expect(page.get_by_label("Status")).to_be_hidden()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_text("60 conversations")).to_be_visible()


def test_an_unknown_address_says_so(own: Tab) -> None:
    """An address that leads nowhere is told apart from an error, with a way home."""
    own.open("/no/such/page")
    own.page.get_by_role("link", name="Go to the conversations").click()
    own.ready()
