"""Read code as it is written."""

import ast


def docstrings(tree: ast.AST) -> set[int]:
    """Return the identities of the nodes that describe a module, class or function."""
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
