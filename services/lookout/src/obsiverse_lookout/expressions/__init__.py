"""Server-side expressions: reduce, math, threshold and the like over other queries' results."""
