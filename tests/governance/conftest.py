"""Clients of the API and of the pages."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from registry.models import User
from tests import factories as f


@pytest.fixture
def as_role() -> Callable[[str], APIClient]:
    """`as_role("owner")` is an API client that acts as a new person of that group."""

    def make(role: str) -> APIClient:
        return client_of(f.user(role=role))

    return make


def client_of(person: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


def browser_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client
