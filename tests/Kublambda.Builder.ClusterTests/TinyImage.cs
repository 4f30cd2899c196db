using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Kublambda.Registry;

namespace Kublambda.Builder.ClusterTests;

/// <summary>An image with one file: enough to build on, and quick to unpack.</summary>
internal static class TinyImage
{
    public static async Task PushAsync(IRegistryClient registry, string repository, string tag)
    {
        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "base") { DataStream = new MemoryStream("base"u8.ToArray()) });
        using var gzip = new MemoryStream();
        await using (var packer = new GZipStream(gzip, CompressionLevel.Fastest, leaveOpen: true))
            await packer.WriteAsync(tar.ToArray());
        var layer = gzip.ToArray();
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = "amd64",
            os = "linux",
            config = new { Entrypoint = new[] { "/base" } },
            rootfs = new { type = "layers", diff_ids = new[] { Digest.Of(tar.ToArray()) } },
            history = new[] { new { created_by = "test" } },
        });
        await registry.PushBlobAsync(repository, Digest.Of(layer), layer.Length, () => new MemoryStream(layer), CancellationToken.None);
        await registry.PushBlobAsync(repository, Digest.Of(config), config.Length, () => new MemoryStream(config), CancellationToken.None);
        var manifest = new OciManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor(MediaTypes.OciConfig, Digest.Of(config), config.Length),
            Layers = [new Descriptor(MediaTypes.OciLayerGzip, Digest.Of(layer), layer.Length)],
        };
        await registry.PutManifestAsync(repository, tag, MediaTypes.OciManifest, manifest.ToBytes(), CancellationToken.None);
    }
}
