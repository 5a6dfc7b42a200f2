"""What can be compared: one module a kind of recipe; its stem is what a recipe says as its ``kind``."""

__all__: list[str] = []
