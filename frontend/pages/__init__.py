"""The pages of the application. A new page is one module and one name in ``PAGES``."""

from pages.chat import ChatPage
from pages.conversations import ConversationsPage
from pages.customers import CustomersPage
from pages.login import LoginPage

PAGES = (LoginPage, ConversationsPage, ChatPage, CustomersPage)
