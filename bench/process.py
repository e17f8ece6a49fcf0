"""What Linux says about another process."""

import os
from pathlib import Path


class Process:
    """A process by its id. Every call raises ``FileNotFoundError`` once it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def memory(self) -> int:
        """Resident bytes."""
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        """Seconds of processor time since it began, user and system together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
