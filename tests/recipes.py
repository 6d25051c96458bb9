"""The recipes of notebook 10: its imports, functions and tables in capitals, without what it runs and plots."""

import ast
import pathlib

_PATH = pathlib.Path(__file__).parent.parent / "notebooks" / "10_beyond.py"


def _is_recipe(node):
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    return isinstance(node, ast.FunctionDef | ast.ImportFrom) or (
        isinstance(node, ast.Import) and node.names[0].name != "matplotlib.pyplot"
    )


_tree = ast.parse(_PATH.read_text())
_tree.body = list(filter(_is_recipe, _tree.body))
exec(compile(_tree, _PATH, "exec"))
