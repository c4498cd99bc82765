"""Configuration: where cartui keeps its data, what `config.toml` says, secrets by reference, and the log file.

CARTUI_HOME         data directory (default $XDG_DATA_HOME/cartui, else ~/.local/share/cartui), made 0700
CARTUI_DATABASE     database URL (default sqlite:///CARTUI_HOME/cartui.db); wins over `database` of config.toml
CARTUI_HOME/config.toml   optional, see `cartui.config.settings`
"""

from cartui.config.settings import Config, load_config

__all__ = ["Config", "load_config"]
