"""Container images made by hand, byte by byte, so that they can be wrong in every way.

    layer(file("etc/motd", "hello"), link("bin", "usr/bin"), ...)      the bytes of a layer's tar
    Image([layer, ...], config={"Cmd": ["sh"]}).layout(path)           an OCI image layout, a directory
                                              .layout_tar(path)        the same in a tar
                                              .docker(path)            what docker save writes
                                              .docker_25(path)         what it writes since version 25
"""
import gzip
import hashlib
import io
import json
import pathlib
import platform
import subprocess
import tarfile

OCI = "application/vnd.oci.image."
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}.get(platform.machine(), platform.machine())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---- entries of a layer ------------------------------------------------------------------------------------

def entry(name, kind=tarfile.REGTYPE, data=b"", mode=0o644, uid=0, gid=0, to="", mtime=1000000000, pax=None, dev=(0, 0)):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uid, info.gid, info.mtime, info.linkname = kind, mode, uid, gid, mtime, to
    info.devmajor, info.devminor = dev
    info.pax_headers = dict(pax or {})
    data = data.encode() if isinstance(data, str) else data
    info.size = len(data)
    return info, data


def file(name, data="", **more):
    return entry(name, data=data, **more)


def directory(name, mode=0o755, **more):
    return entry(name, tarfile.DIRTYPE, mode=mode, **more)


def link(name, to, **more):
    return entry(name, tarfile.SYMTYPE, to=to, mode=0o777, **more)


def hard(name, to, **more):
    return entry(name, tarfile.LNKTYPE, to=to, **more)


def device(name, major, minor, **more):
    return entry(name, tarfile.CHRTYPE, dev=(major, minor), **more)


def fifo(name, **more):
    return entry(name, tarfile.FIFOTYPE, **more)


def layer(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


COMPRESSIONS = {
    "": lambda data: data,
    "+gzip": lambda data: gzip.compress(data, 1, mtime=0),
    "+zstd": zstd,
}


# ---- images ------------------------------------------------------------------------------------------------

class Image:
    """What stands in the attributes is what is written: a test may change any of it before it writes."""

    def __init__(self, layers, config=None, compression="", name="latest", architecture=ARCHITECTURE):
        self.layers = list(layers)
        self.blobs = [COMPRESSIONS[compression](data) for data in self.layers]
        self.diff_ids = ["sha256:" + sha256(data) for data in self.layers]
        self.descriptors = [{"mediaType": f"{OCI}layer.v1.tar{compression}", "digest": "sha256:" + sha256(blob), "size": len(blob)}
                            for blob in self.blobs]
        self.config = {"os": "linux", "architecture": architecture, "config": dict(config or {}),
                       "rootfs": {"type": "layers", "diff_ids": self.diff_ids}}
        self.name = name
        self.platform = {"os": "linux", "architecture": architecture}
        self.notes = {}  # more annotations, beside the name
        self.files = {}

    def put(self, data, kind):
        """A blob, and the descriptor of it."""
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.files[f"blobs/sha256/{sha256(data)}"] = data
        return {"mediaType": f"{OCI}{kind}.v1+json", "digest": "sha256:" + sha256(data), "size": len(data)}

    def manifest(self):
        for descriptor, blob in zip(self.descriptors, self.blobs):
            self.files["blobs/sha256/" + descriptor["digest"].split(":")[-1]] = blob
        return {"schemaVersion": 2, "config": self.put(self.config, "config"), "layers": self.descriptors}

    def row(self):
        """Of an index."""
        row = self.put(self.manifest(), "manifest")
        row["platform"] = self.platform
        if self.name:
            row["annotations"] = {"org.opencontainers.image.ref.name": self.name.split(":")[-1] if self.notes else self.name, **self.notes}
        return row

    def collect(self, *others):
        rows = [image.row() for image in (self, *others)]
        files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
                 "index.json": json.dumps({"schemaVersion": 2, "manifests": rows}).encode()}
        for image in (self, *others):
            files.update(image.files)
        return files

    def layout(self, path, *others):
        return write_directory(path, self.collect(*others))

    def layout_tar(self, path, *others, mode="w"):
        return write_tar(path, self.collect(*others), mode=mode)

    def docker_25(self, path, *others):
        """A layout in a tar, with Docker's list of the same blobs; the tag alone is the plain name."""
        for image in (self, *others):
            image.notes = {"io.containerd.image.name": f"docker.io/library/{image.name}"}
        files, rows = self.collect(*others), []
        for image in (self, *others):
            rows.append({"Config": "blobs/" + image.put(image.config, "config")["digest"].replace(":", "/"), "RepoTags": [image.name],
                         "Layers": ["blobs/" + descriptor["digest"].replace(":", "/") for descriptor in image.descriptors]})
        return write_tar(path, {**files, "manifest.json": json.dumps(rows).encode()})

    def docker(self, path, links=(), mode="w"):
        """`links`: numbers of layers that are a link to the file of another, as docker save writes them."""
        config = json.dumps(self.config).encode()
        names = [f"{sha256(data + bytes([i]))}/layer.tar" for i, data in enumerate(self.layers)]
        files = {f"{sha256(config)}.json": config}
        to = {}
        for i, (name, data) in enumerate(zip(names, self.layers)):
            if i in links:
                files[f"{sha256(data)}.tar"] = data
                to[name] = f"../{sha256(data)}.tar"
            else:
                files[name] = data
        files["manifest.json"] = json.dumps([{"Config": f"{sha256(config)}.json", "RepoTags": [f"shop:{self.name}"],
                                              "Layers": names}]).encode()
        return write_tar(path, files, to, mode=mode)


def write_directory(path, files):
    for name, data in files.items():
        (pathlib.Path(path) / name).parent.mkdir(parents=True, exist_ok=True)
        (pathlib.Path(path) / name).write_bytes(data)
    return path


def write_tar(path, files, links=None, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            tar.addfile(*[(info, io.BytesIO(data)) for info, data in [entry(name, data=data)]][0])
        for name, to in (links or {}).items():
            tar.addfile(link(name, to)[0])
    return path
