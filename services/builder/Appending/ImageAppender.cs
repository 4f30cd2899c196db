using System.Collections.Concurrent;
using System.Text.Json;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Appending;

/// <summary>
/// The pipeline without a pod: writes the image of a Lambda straight into the registry. Layers of the runtime's image are
/// mounted where it lies in the same registry, else copied one by one; only the function's own layer is new.
/// </summary>
public sealed class ImageAppender(IRegistryClient registry, IRegistryClients registries, IOptions<BuildOptions> options) : IDisposable
{
    private const int ConfigBytes = 1024 * 1024;
    private const int BlobsAtATime = 6;
    private const int Bases = 32;
    private readonly ConcurrentDictionary<string, (ManifestContent Manifest, byte[] Config)> _bases = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(options.Value.MaxAppends);

    /// <param name="job">The build.</param>
    /// <param name="bundle">The source.</param>
    /// <param name="dependencies">A layer of the Lambda's cache repository that comes between the runtime's and the source; null: there is none.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The image's manifest.</returns>
    /// <exception cref="RegistryException">A registry does not answer, or refuses.</exception>
    /// <exception cref="RuntimeImageException">The runtime's image cannot be built on.</exception>
    public async Task<Descriptor> AppendAsync(BuildJob job, Bundle bundle, NewLayer? dependencies, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            using var layer = await FunctionLayer.PackAsync(bundle, cancellationToken);
            return await WriteAsync(job, layer, dependencies, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task<Descriptor> WriteAsync(BuildJob job, PackedTar layer, NewLayer? dependencies, CancellationToken cancellationToken)
    {
        var from = ImageReference.Parse(job.Base);
        var source = registries.For(from.Host);
        var repository = Names.Repository(job.Lambda);
        try
        {
            var (manifest, config) = await BaseAsync(source, from, cancellationToken);
            var own = new NewLayer(layer.TarDigest, layer.Digest, layer.Length);
            IReadOnlyList<NewLayer> added = dependencies is null ? [own] : [dependencies, own];
            var image = AppendedImage.Of(manifest, config, added, Labels(job));
            var blobs = (manifest.Parse().Layers ?? []).Select(blob => new Func<CancellationToken, Task>(token => BringAsync(source, from.Repository, repository, blob, token))).ToList();
            if (dependencies is not null)
                blobs.Add(token => BringAsync(registry, Names.CacheRepository(job.Lambda), repository, new Descriptor(MediaTypes.OciLayerGzip, dependencies.Digest, dependencies.Length), token));
            blobs.Add(token => registry.PushBlobAsync(repository, layer.Digest, layer.Length, layer.Open, token));
            blobs.Add(token => registry.PushBlobAsync(repository, Digest.Of(image.Config), image.Config.Length, () => new MemoryStream(image.Config, writable: false), token));
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = BlobsAtATime, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(blobs, parallel, async (bring, token) => await bring(token));
            return await registry.PutManifestAsync(repository, Names.ImageTag(job.Revision), image.MediaType, image.Manifest, cancellationToken);
        }
        catch (JsonException e)
        {
            throw new RuntimeImageException($"The runtime's image {from} cannot be built on: {e.Message} The operator has to set Runtimes__... to an image.");
        }
    }

    /// <summary>Manifest and config of a base, which its digest names for ever.</summary>
    private async Task<(ManifestContent Manifest, byte[] Config)> BaseAsync(IRegistryClient source, ImageReference from, CancellationToken cancellationToken)
    {
        var key = from.ToString();
        if (_bases.TryGetValue(key, out var known))
            return known;
        var manifest = await ManifestAsync(source, from.Repository, from.Digest!, cancellationToken);
        var config = manifest.Parse().Config ?? throw new JsonException("It has no config.");
        var found = (manifest, await ReadAsync(source, from.Repository, config, cancellationToken));
        if (_bases.Count >= Bases)
            _bases.Clear();
        return _bases[key] = found;
    }

    private static async Task<ManifestContent> ManifestAsync(IRegistryClient source, string repository, string digest, CancellationToken cancellationToken)
    {
        var manifest = await source.GetManifestAsync(repository, digest, cancellationToken) ?? throw new JsonException($"The manifest {digest} is not there.");
        return await ImagePlatforms.OfThisMachineAsync(source, repository, manifest, cancellationToken);
    }

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

    private async Task BringAsync(IRegistryClient source, string from, string to, Descriptor blob, CancellationToken cancellationToken)
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

    private static Dictionary<string, string> Labels(BuildJob job) => new(StringComparer.Ordinal)
    {
        [OciAnnotations.Cluster] = job.Cluster,
        [OciAnnotations.Lambda] = job.Lambda.ToString(),
        [OciAnnotations.LambdaUid] = job.Lambda.Uid,
        [OciAnnotations.Revision] = job.Revision,
    };
}
