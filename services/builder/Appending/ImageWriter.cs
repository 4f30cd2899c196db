using System.Text.Json;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Sources;
using Kublambda.Registry;

namespace Kublambda.Builder.Appending;

/// <summary>A layer that an image gets, and how its blob comes into the image's repository.</summary>
internal sealed record AddedLayer(NewLayer Layer, Func<CancellationToken, Task> BringAsync);

/// <summary>A base image: where it lies, and what it says.</summary>
internal sealed record BaseImage(IRegistryClient Registry, string Repository, ManifestContent Manifest, byte[] Config);

/// <summary>
/// Puts an image together in a registry: a base and layers on top. Layers of the base are mounted where it lies in the same registry, else copied one
/// by one; they are never unpacked.
/// </summary>
internal static class ImageWriter
{
    private const int ConfigBytes = 1024 * 1024;
    private const int BlobsAtATime = 6;

    /// <exception cref="RegistryException">A registry does not answer, or refuses.</exception>
    /// <exception cref="JsonException">It is no image.</exception>
    public static async Task<BaseImage> ReadAsync(IRegistryClient source, ImageReference from, CancellationToken cancellationToken)
    {
        var named = await source.GetManifestAsync(from.Repository, from.Digest!, cancellationToken) ?? throw new JsonException($"The manifest {from.Digest} is not there.");
        var manifest = await ImagePlatforms.OfThisMachineAsync(source, from.Repository, named, cancellationToken);
        var config = manifest.Parse().Config ?? throw new JsonException("It has no config.");
        return new BaseImage(source, from.Repository, manifest, await ReadAsync(source, from.Repository, config, cancellationToken));
    }

    /// <returns>The image's manifest.</returns>
    /// <exception cref="RegistryException">A registry does not answer, or refuses.</exception>
    /// <exception cref="JsonException">The base is no image that can be built on.</exception>
    public static async Task<Descriptor> WriteAsync(
        IRegistryClient registry, string repository, string tag, BaseImage below, IReadOnlyList<AddedLayer> added, IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken)
    {
        var image = AppendedImage.Of(below.Manifest, below.Config, [.. added.Select(a => a.Layer)], labels);
        var blobs = (below.Manifest.Parse().Layers ?? [])
            .Select(blob => new Func<CancellationToken, Task>(token => BringAsync(below.Registry, below.Repository, registry, repository, blob, token)))
            .Concat(added.Select(a => a.BringAsync))
            .Append(token => registry.PushBlobAsync(repository, Digest.Of(image.Config), image.Config.Length, () => new MemoryStream(image.Config, writable: false), token));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = BlobsAtATime, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(blobs, parallel, async (bring, token) => await bring(token));
        return await registry.PutManifestAsync(repository, tag, image.MediaType, image.Manifest, cancellationToken);
    }

    /// <summary>Mounts the blob where both sides are one registry, else copies it, unless it is there.</summary>
    public static async Task BringAsync(IRegistryClient source, string from, IRegistryClient registry, string to, Descriptor blob, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(source, registry) && await registry.MountBlobAsync(to, blob.Digest, from, cancellationToken))
            return;
        if (await registry.BlobExistsAsync(to, blob.Digest, cancellationToken))
            return;
        await using var scratch = ScratchFile.Create();
        await using (var content = await source.OpenBlobAsync(from, blob.Digest, cancellationToken))
            await content.CopyToAsync(scratch, cancellationToken);
        await scratch.FlushAsync(cancellationToken);
        await registry.PushBlobAsync(to, blob.Digest, scratch.Length, () => ScratchFile.Reopen(scratch), cancellationToken);
    }

    /// <summary>A layer that another repository of the same registry holds.</summary>
    public static AddedLayer Kept(IRegistryClient registry, string from, string to, NewLayer layer) =>
        new(layer, token => BringAsync(registry, from, registry, to, new Descriptor(MediaTypes.OciLayerGzip, layer.Digest, layer.Length), token));

    private static async Task<byte[]> ReadAsync(IRegistryClient source, string repository, Descriptor config, CancellationToken cancellationToken)
    {
        if (config.Size > ConfigBytes)
            throw new JsonException($"Its config is larger than {ConfigBytes} bytes.");
        await using var stream = await source.OpenBlobAsync(repository, config.Digest, cancellationToken);
        var bytes = new byte[config.Size];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        // The digest is compared at the end.
        return await stream.ReadAsync(new byte[1], cancellationToken) == 0 ? bytes : throw new JsonException("Its config is longer than its manifest says.");
    }
}
