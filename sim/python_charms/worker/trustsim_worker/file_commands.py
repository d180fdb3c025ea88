"""Commands that change files, in a container or on the charm's own machine."""

import fnmatch
import os
import pathlib
import shutil
import tarfile

LOCAL_ROOTS, BUNDLE = "/usr/local/share/ca-certificates", "/etc/ssl/certs/ca-certificates.crt"
NOTHING = (0, "", "")


class FileCommands:
    """Of each: its code, its output and its errors; None where it is used in a way that is not known."""

    # The files of the hook, and the container in which a command runs.
    workload = None
    container = ""

    def place(self, path: str) -> pathlib.Path:
        """Where a file of the container is here."""
        return self.workload.place(self.container, os.path.normpath(path))

    @staticmethod
    def nothing(_words):
        """Done, with no effect on what is played."""
        return NOTHING

    def update_roots(self, _words):
        """Puts the CAs that were added into the bundle that programs read; those of the image are not among them."""
        folder = self.place(LOCAL_ROOTS)
        texts = []
        for path in sorted(folder.rglob("*.crt")) if folder.is_dir() else []:
            texts.append(path.read_text(encoding="utf-8", errors="replace").strip() + "\n")
        target = self.place(BUNDLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(texts), encoding="utf-8")
        return (0, "Updating certificates in /etc/ssl/certs...\ndone.\n", "")

    def files_of(self, words):
        """The words that are no options."""
        return [self.place(word) for word in words if not word.startswith("-")]

    def mkdir(self, words):
        """mkdir"""
        for path in self.files_of(words):
            if path.exists() and "-p" not in words:
                return (1, "", "File exists")
            path.mkdir(parents=True, exist_ok=True)
        return NOTHING

    def remove(self, words):
        """rm"""
        for path in self.files_of(words):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.exists() or path.is_symlink():
                path.unlink()
            elif not any("f" in word for word in words if word.startswith("-")):
                return (1, "", "No such file or directory")
        return NOTHING

    def copy(self, words):
        """cp of one file"""
        places = self.files_of(words)
        if len(places) != 2 or not places[0].is_file():
            return None
        shutil.copyfile(places[0], places[1] / places[0].name if places[1].is_dir() else places[1])
        return NOTHING

    def move(self, words):
        """mv"""
        places = self.files_of(words)
        into = len(places) > 1 and places[-1].is_dir()
        if len(places) < 2 or (len(places) > 2 and not into):
            return None
        if not all(path.exists() for path in places[:-1]):
            return (1, "", "No such file or directory")
        for path in places[:-1]:
            os.replace(path, places[-1] / path.name if into else places[-1])
        return NOTHING

    def find(self, words):
        """find FOLDER -name PATTERN, perhaps with -delete"""
        if len(words) < 3 or words[1] != "-name" or words[3:] not in ([], ["-delete"], ["-print"]):
            return None
        folder = self.place(words[0])
        if not folder.is_dir():
            return (1, "", "No such file or directory")
        found = sorted(path for path in folder.rglob("*") if fnmatch.fnmatchcase(path.name, words[2]))
        if words[3:] == ["-delete"]:
            for path in found:
                path.unlink()
            return NOTHING
        root = self.workload.folder(self.container)
        return (0, "".join(f"/{path.relative_to(root)}\n" for path in found), "")

    def tar(self, words):
        """tar -xzf ARCHIVE -C FOLDER"""
        if len(words) != 4 or words[0].strip("-") not in ("xzf", "xf") or words[2] != "-C":
            return None
        with tarfile.open(self.place(words[1])) as archive:
            for member in archive.getmembers():
                if not member.isfile() or "/" in member.name:
                    return None
                content = archive.extractfile(member)
                (self.place(words[3]) / member.name).write_bytes(content.read() if content else b"")
        return NOTHING

    def cat(self, words):
        """cat"""
        places = self.files_of(words)
        if not all(path.is_file() for path in places):
            return (1, "", "No such file or directory")
        return (0, "".join(path.read_text(encoding="utf-8") for path in places), "")

    def test(self, words):
        """test -f, -d, -e"""
        if len(words) != 2 or words[0] not in ("-f", "-d", "-e"):
            return None
        path = self.place(words[1])
        is_so = {"-f": path.is_file, "-d": path.is_dir, "-e": path.exists}[words[0]]()
        return (0 if is_so else 1, "", "")

    def list_folder(self, words):
        """ls of a folder, one name a line"""
        places = self.files_of(words)
        if len(places) != 1 or any(word.startswith("-") for word in words):
            return None
        if not places[0].exists():
            return (2, "", "No such file or directory")
        names = sorted(os.listdir(places[0])) if places[0].is_dir() else [places[0].name]
        return (0, "".join(f"{name}\n" for name in names), "")

    def touch(self, words):
        """touch"""
        for path in self.files_of(words):
            path.touch()
        return NOTHING
