"""Plans for a few lines of SQL: a project of one migration, its catalogue, a recipe."""

from __future__ import annotations

from functools import cache

from migsafe.catalogue.following import Following
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import Dialect
from migsafe.model.plan import ChangeKind, ChangePlan
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.plan import RECIPES
from migsafe.plan.recipe import Known


@cache
def catalogue_of(sql: str) -> Catalogue:
    """What SQL builds."""
    following = Following(Catalogue())
    following.follow(
        Script(Direction.UP, sql, SourceText("0001_start.sql", sql), TransactionRule.NONE, Dialect.POSTGRES)
    )
    return following.catalogue


def plan_of(
    sql: str, kind: str, *, change: str = "the-change", server_major: int = 15, **arguments: object
) -> ChangePlan:
    """The plan that a recipe makes in a project."""
    recipe = RECIPES[ChangeKind(kind)]
    return recipe.make(recipe.arguments(**arguments), Known(catalogue_of(sql), change, server_major))
