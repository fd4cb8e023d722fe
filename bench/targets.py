"""What a benchmark is to reach, and whether it did: a figure that is missed makes it fail."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Targets:
    """The figures of one benchmark that have a target."""

    missed: list[str] = field(default_factory=list)
    met: int = 0

    def at_least(self, name: str, value: float, target: float) -> None:
        """A figure that is to be `target` or more."""
        self._note(f"{name} {value:.3g} (at least {target:g})", value >= target)

    def at_most(self, name: str, value: float, target: float) -> None:
        """A figure that is to be `target` or less."""
        self._note(f"{name} {value:.3g} (at most {target:g})", value <= target)

    def below(self, name: str, value: float, target: float) -> None:
        """A figure that is to be less than `target`."""
        self._note(f"{name} {value:.3g} (below {target:g})", value < target)

    def status(self) -> int:
        """Print what became of them. Returns the exit status: 0 if there were targets and all were met."""
        if not self.met and not self.missed:
            print("  MISSED: nothing was measured")
            return 1
        print(f"  {self.met} targets met" + "".join(f"\n  MISSED: {each}" for each in self.missed))
        return 1 if self.missed else 0

    def _note(self, said: str, is_met: bool) -> None:
        if is_met:
            self.met += 1
        else:
            self.missed.append(said)
