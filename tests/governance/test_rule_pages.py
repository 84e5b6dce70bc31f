"""The page that a finding's help link leads to, and the Markdown it is made from."""

from html.parser import HTMLParser

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from governance.links import help_url
from governance.markdown import as_html
from governance.rules.catalogue import RULES
from tests import factories


class Tags(HTMLParser):
    """The tags and the addresses in a piece of HTML, and whether each tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.is_balanced = True
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self.is_balanced &= bool(self.open) and self.open.pop() == tag


KNOWN_TAGS = {f"h{level}" for level in range(2, 7)} | {
    "p",
    "ul",
    "li",
    "blockquote",
    "pre",
    "code",
    "strong",
    "em",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Title", "<h2>Title</h2>"),
        ("one\ntwo", "<p>one two</p>"),
        ("* a\n  b\n* c", "<ul><li>a b</li><li>c</li></ul>"),
        ("> said\n> so", "<blockquote><p>said so</p></blockquote>"),
        ("```toml\na = 1\n\n[b]\n```", "<pre><code>a = 1\n\n[b]</code></pre>"),
        ("text\n```\ncode\n```\nmore", "<p>text</p>\n<pre><code>code</code></pre>\n<p>more</p>"),
        (
            "| a | b |\n|---|---|\n| 1 | `2` |",
            (
                "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
                "<tbody><tr><td>1</td><td><code>2</code></td></tr></tbody></table>"
            ),
        ),
        ("**bold** and *thin*", "<p><strong>bold</strong> and <em>thin</em></p>"),
        ("[here](https://e.org/)", '<p><a href="https://e.org/">here</a></p>'),
        ("[a page](../x.md#y)", "<p>a page</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    ],
)
def test_each_form_becomes_its_html(text: str, html: str) -> None:
    assert as_html(text) == html


@given(st.text(alphabet="ab *`#>|-[]()<>\"'&:/\nhttps.", max_size=80) | st.text(max_size=40))
def test_no_markup_and_no_script_address_gets_through_whatever_is_written(text: str) -> None:
    tags = Tags(as_html(text))

    assert tags.seen <= KNOWN_TAGS
    assert all(address.startswith(("http://", "https://")) for address in tags.addresses)


@pytest.mark.django_db
@pytest.mark.parametrize("code", list(RULES))
def test_the_help_link_of_every_rule_leads_to_its_page(code: str, client: Client) -> None:
    client.force_login(factories.user(role="viewer"))

    response = client.get("/" + help_url(code).split("/", 3)[3])

    page = response.content.decode()
    assert response.status_code == 200
    assert RULES[code].title in page
    assert "The shortest way to green" in page


@pytest.mark.django_db
def test_a_rule_that_does_not_exist_has_no_page(client: Client) -> None:
    client.force_login(factories.user(role="viewer"))

    assert client.get("/rules/UD999/").status_code == 404
