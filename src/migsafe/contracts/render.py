"""A contract plan in whatever form is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.contracts.sheet import sheet_of

if TYPE_CHECKING:
    from migsafe.contracts.clearance import SignedPlan
    from migsafe.contracts.values import ContractPlan


def render(plan: ContractPlan, signed: SignedPlan | None, form: str) -> str:
    """The plan as text.

    Args:
        signed: as the tracker keeps it; None where it does not.
        form: `text`, `markdown`, `html`, `sql` or `json`.
    """
    if form == "json":
        from migsafe.contracts.document import render_json

        return render_json(plan)
    sheet = sheet_of(plan, signed)
    if form == "sql":
        from migsafe.contracts.sql import render_sql

        return render_sql(plan, sheet)
    if form == "markdown":
        from migsafe.contracts.markdown import render_markdown

        return render_markdown(sheet)
    if form == "html":
        from migsafe.contracts.html import render_html

        return render_html(sheet)
    from migsafe.contracts.text import render_text

    return render_text(sheet)
