"""What the capture needs of Ansible beside the hooks' arguments; the callback hands it in, nothing is imported."""

# Annotations are not postponed here: `typing` would compile each one anew, at every start of Ansible.
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .declared import Sources, own_files

__all__ = ["Surroundings"]


class Surroundings(NamedTuple):
    """Ansible's version, its command line (``option(name)`` gives None for what it does not have) and its voices."""

    version: str
    option: Callable[[str], Any]
    config_file: Path | None
    log_path: str | None  # of Ansible's own log, absolute
    warn: Callable[[str], None]  # on standard error
    show: Callable[[str], None]  # as Ansible shows its own output
    columns: Callable[[], int]  # the width that Ansible fills its lines to
    sources: Callable[[str, Sequence[str]], Sources]  # where the source of an action lies
    mask: Callable[[str], str] | None = None  # hides the secrets that Ansible itself knows (2.22 and later)

    @classmethod
    def of(cls, ansible: Any, display: Any) -> "Surroundings":
        """Return those of a callback: ``ansible`` is Ansible's package, ``display`` the callback's own."""
        config_file = ansible.constants.CONFIG_FILE
        log_path = ansible.constants.DEFAULT_LOG_PATH
        secrets = getattr(ansible.module_utils, "secrets", None)
        loader = ansible.plugins.loader

        def sources(action: str, collections: Sequence[str]) -> Sources:
            found = own_files(ansible.__path__[0], action) or [
                kind.find_plugin(action, ignore_deprecated=True, collection_list=list(collections))
                for kind in (loader.module_loader, loader.action_loader)
            ]
            return Sources(list(filter(None, found)), loader.module_utils_loader._get_paths(subdirs=False))

        return cls(
            version=ansible.release.__version__,
            option=ansible.context.CLIARGS.get,
            config_file=Path(config_file) if config_file else None,
            log_path=str(Path(log_path).absolute()) if log_path else None,
            warn=display.warning,
            show=display.display,
            columns=lambda: int(display.columns),
            sources=sources,
            mask=getattr(secrets, "mask_secrets", None),
        )
