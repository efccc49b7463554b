"""How good a table is: found molecules and the truth in, a frozen `Score` out."""

from cellstorm.evaluate.score import Score, score

__all__ = ["Score", "score"]
