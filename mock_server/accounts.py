"""What HTTP says about a user: after a login, in ``auth/status``, and in ``profile``, each in its own words."""

from typing import Any

from mock_server.models import User
from mock_server.serialize import ORIGIN, z

Json = dict[str, Any]
NAMES_OF_NOTHING = ("age", "address", "organisation", "description", "state", "zip_code", "country", "language")


def at_login(user: User) -> Json:
    return {
        "is_profile_fill": True,
        **_person(user),
        "email_confirmation_status": _confirmation(),
        "free_trial_days_left": 13,
        "free_trial": True,
        "referrer_username": None,
    }


def in_status(user: User) -> Json:
    return {
        "id": user.id,
        "email": user.email,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        **_google(),
        "profile_picture": _picture(),
        "business_type": "shop",
        "wizard_complete": False,
        "email_confirmed": False,
        "email_confirmation_status": {**_confirmation(), "can_resend_confirmation": False, "google_verified": False},
        "created_at": z(user.created_at),
    }


def in_profile(user: User) -> Json:
    """Everything that the table holds, the hash of the password included: the backend's serializer names no fields."""
    born = z(user.created_at)
    return {
        **_person(user),
        **_google(),
        "email_confirmation_status": {**_confirmation(), "can_resend_confirmation": True},
        "free_trial_days_left": 13,
        "free_trial": True,
        "current_subscription": _subscription(user),
        "subscription_remaining": 92.9,
        "token_usage_remaining": 100,
        "password": "pbkdf2_sha256$870000$mock$mock",
        "last_login": None,
        "is_superuser": False,
        "is_staff": False,
        "is_active": True,
        "date_joined": born,
        "groups": [],
        "user_permissions": [],
    }


def _person(user: User) -> Json:
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "phone_number": user.phone_number,
        "username": user.username,
        "gender": "F",
        **dict.fromkeys(NAMES_OF_NOTHING),
        "time_zone": None,
        "currency": None,
        "profile_picture": _picture(),
        "updated_at": z(user.created_at),
        "created_at": z(user.created_at),
        "business_type": "shop",
        "default_reply_handler": "AI",
        "wizard_complete": False,
        "email_confirmed": False,
        "invite_code": "1000",
        "referred_by": None,
        "affiliate_active": False,
        "wallet_balance": "0.00",
        "pass_correct": False,
    }


def _picture() -> str:
    return f"{ORIGIN}/media/user_img/default.png"


def _google() -> Json:
    return {"google_id": None, "is_google_user": False, "google_avatar_url": None}


def _confirmation() -> Json:
    return {
        "email_confirmed": False,
        "has_pending_confirmation": False,
        "pending_tokens_count": 0,
        "confirmation_required": True,
        "latest_token_expires_at": None,
    }


def _subscription(user: User) -> Json:
    born = z(user.created_at)
    plan = {
        "id": 1,
        "name": "Free Trial",
        "tokens_included": 5000,
        "duration_days": 14,
        "is_recommended": False,
        "is_yearly": False,
        "price": 0,
        "is_active": True,
        "description": "A trial of two weeks",
        "user_has_active_subscription": False,
        "created_at": born,
        "updated_at": born,
    }
    return {
        "id": 1,
        "user": user.id,
        "user_email": user.email,
        "token_plan": None,
        "token_plan_details": None,
        "full_plan": 1,
        "full_plan_details": plan,
        **dict.fromkeys(("queued_full_plan", "queued_full_plan_details", "queued_token_plan")),
        **dict.fromkeys(("queued_token_plan_details", "queued_tokens_amount", "canceled_at")),
        "start_date": born,
        "end_date": born,
        "tokens_remaining": 5000,
        "is_active": True,
        "status": "trialing",
        "trial_end": born,
        "days_remaining": 13,
        "is_subscription_active": True,
        "cancel_at_period_end": False,
        "created_at": born,
        "updated_at": born,
    }
