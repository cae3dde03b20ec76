"""Mounts a folder of an NFS server (version 3, by libnfs) through FUSE, for machines whose kernel has no NFS client. As that
client does, it believes names and sizes that it has looked up for some seconds, so that two mounts do not see each other's
changes at once. Locks are each mount's own.

    nfs_mount.py URL FOLDER [SECONDS]        URL nfs://HOST/PATH?nfsport=..&mountport=..&version=3; SECONDS of belief [3]

Needs fusepy, libfuse 2 and libnfs."""

import ctypes
import errno
import os
import sys

import fuse

lib = ctypes.CDLL("libnfs.so.13")
P, U = ctypes.c_void_p, ctypes.c_uint64
FIELDS = "dev ino mode nlink uid gid rdev size blksize blocks atime mtime ctime atime_ns mtime_ns ctime_ns used".split()


class Stat(ctypes.Structure):
    _fields_ = [(name, U) for name in FIELDS]


class Entry(ctypes.Structure):
    _fields_ = [("next", P), ("name", ctypes.c_char_p)]


for name in ("nfs_init_context", "nfs_parse_url_dir"):
    getattr(lib, name).restype = P
lib.nfs_readdir.restype = ctypes.POINTER(Entry)
lib.nfs_get_error.restype = ctypes.c_char_p


class Url(ctypes.Structure):
    _fields_ = [("server", ctypes.c_char_p), ("path", ctypes.c_char_p), ("file", ctypes.c_char_p)]


def done(code):
    if code < 0:
        raise fuse.FuseOSError(-code)
    return code


class Nfs(fuse.Operations):
    def __init__(self, url):
        self.nfs = P(lib.nfs_init_context())
        parts = ctypes.cast(lib.nfs_parse_url_dir(self.nfs, url.encode()), ctypes.POINTER(Url)).contents
        if lib.nfs_mount(self.nfs, parts.server, parts.path) != 0:
            sys.exit(lib.nfs_get_error(self.nfs).decode())

    def getattr(self, path, fh=None):
        stat = Stat()
        done(lib.nfs_lstat64(self.nfs, path.encode(), ctypes.byref(stat)))
        known = {f"st_{name}": getattr(stat, name) for name in ("mode", "nlink", "uid", "gid", "size", "blocks")}
        times = {f"st_{name}": getattr(stat, name) + getattr(stat, name + "_ns") / 1e9 for name in ("atime", "mtime", "ctime")}
        return known | times

    def readdir(self, path, fh):
        folder = P()
        done(lib.nfs_opendir(self.nfs, path.encode(), ctypes.byref(folder)))
        names = []
        while entry := lib.nfs_readdir(self.nfs, folder):
            names.append(entry.contents.name.decode())
        lib.nfs_closedir(self.nfs, folder)
        return names

    def _open(self, path, info, flags, mode):
        handle = P()
        done(lib.nfs_open2(self.nfs, path.encode(), flags, mode, ctypes.byref(handle)))
        info.fh = handle.value
        return 0

    def open(self, path, info):
        # The kernel says where what is appended begins.
        return self._open(path, info, info.flags & ~(os.O_APPEND | os.O_CREAT | os.O_EXCL), 0)

    def create(self, path, mode, info):
        return self._open(path, info, info.flags & ~os.O_APPEND | os.O_CREAT, mode)

    def read(self, path, size, offset, info):
        buffer = ctypes.create_string_buffer(size)
        count = done(lib.nfs_pread(self.nfs, P(info.fh), U(offset), U(size), buffer))
        return buffer.raw[:count]

    def write(self, path, data, offset, info):
        return done(lib.nfs_pwrite(self.nfs, P(info.fh), U(offset), U(len(data)), data))

    def fsync(self, path, datasync, info):
        return done(lib.nfs_fsync(self.nfs, P(info.fh)))

    def release(self, path, info):
        return done(lib.nfs_close(self.nfs, P(info.fh)))

    def truncate(self, path, length, info=None):
        return done(lib.nfs_truncate(self.nfs, path.encode(), U(length)))

    def unlink(self, path):
        return done(lib.nfs_unlink(self.nfs, path.encode()))

    def rmdir(self, path):
        return done(lib.nfs_rmdir(self.nfs, path.encode()))

    def mkdir(self, path, mode):
        return done(lib.nfs_mkdir2(self.nfs, path.encode(), mode))

    def rename(self, old, new):
        return done(lib.nfs_rename(self.nfs, old.encode(), new.encode()))

    def chmod(self, path, mode):
        return done(lib.nfs_chmod(self.nfs, path.encode(), mode))

    def utimens(self, path, times=None):
        return 0

    def statfs(self, path):
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 24, "f_bfree": 1 << 23, "f_bavail": 1 << 23}

    def readlink(self, path):
        raise fuse.FuseOSError(errno.EINVAL)


if __name__ == "__main__":
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
    fuse.FUSE(
        Nfs(sys.argv[1]), sys.argv[2], foreground=True, nothreads=True, raw_fi=True, attr_timeout=seconds, entry_timeout=seconds
    )
