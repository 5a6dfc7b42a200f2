"""Kinds of jobs, a module each, which imports what that work needs: scikit-learn takes a second to import."""

__all__: list[str] = []
