"""Words of the command line that cannot be understood, told as a person would."""

from pathlib import Path

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError

from cellstorm.errors import ConfigurationError

__all__ = ["usage_error"]

_OUTPUTS = (".png", ".tif", ".tiff", ".zarr", ".parquet", ".csv", ".hdf5", ".html")
_EXAMPLES = {"MOVIE": "blinking.mp4", "TABLE": "blinking.locs.parquet", "CLIP": "still.mp4"}


def usage_error(error: CycloptsError) -> ConfigurationError:
    """The same in one sentence, with what to type instead.

    Parameters
    ----------
    error
        What the parser of the command line raised.
    """
    verb = error.command_chain[0] if error.command_chain else ""
    if isinstance(error, UnknownCommandError):
        return _unknown_verb(error)
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return _too_many(verb, error.unused_tokens)
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        return _missing(verb, error.argument.name, list(error.root_input_tokens or ()))
    return ConfigurationError(_one_line(error), todo=f"All options: cellstorm {verb} --help")


def _unknown_verb(error: CycloptsError) -> ConfigurationError:
    word = next(iter(error.unused_tokens or error.root_input_tokens or ()), "")
    if Path(word).exists():
        from cellstorm.localizations.formats import is_table

        verb = "render" if is_table(Path(word)) else "localize"
        return ConfigurationError(
            "what to do with it is missing.", where=word, todo=f"Type: cellstorm {verb} {word}"
        )
    # the list that follows is cut off after some
    sentence, _, _ = _one_line(error).partition(" Available commands: ")
    return ConfigurationError(sentence, todo="All commands: cellstorm --help")


def _too_many(verb: str, unused: list[str]) -> ConfigurationError:
    what = f"{verb} does not know what to do with {' '.join(unused)}."
    if len(unused) == 1 and unused[0].lower().endswith(_OUTPUTS):
        todo = f"If that is the file to write, put --output before it: --output {unused[0]}"
    else:
        todo = "Give one file at a time, and put names with blanks in quotes."
    return ConfigurationError(what, todo=todo)


def _missing(verb: str, name: str, typed: list[str]) -> ConfigurationError:
    if name in typed:
        return ConfigurationError(
            "its value is missing.", where=name, todo=f"All options: cellstorm {verb} --help"
        )
    name = name.lstrip("-").upper()
    example = _EXAMPLES.get(name, name)
    if verb == "score":
        example = "movie.locs.parquet movie.truth.parquet"
    elif verb == "convert":
        example = "blinking.locs.parquet blinking.csv"
    return ConfigurationError(
        f"{verb}: the {name} is missing.", todo=f"Type: cellstorm {verb} {example}"
    )


def _one_line(error: CycloptsError) -> str:
    return " ".join(str(error).split())
