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
    private const int Bases = 32;
    private readonly ConcurrentDictionary<string, BaseImage> _bases = new(StringComparer.Ordinal);
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
        var repository = Names.Repository(job.Lambda);
        var own = new AddedLayer(new NewLayer(layer.TarDigest, layer.Digest, layer.Length), token => registry.PushBlobAsync(repository, layer.Digest, layer.Length, layer.Open, token));
        IReadOnlyList<AddedLayer> added = dependencies is null ? [own] : [ImageWriter.Kept(registry, Names.CacheRepository(job.Lambda), repository, dependencies), own];
        try
        {
            return await ImageWriter.WriteAsync(registry, repository, Names.ImageTag(job.Revision), await BaseAsync(from, cancellationToken), added, Labels(job), cancellationToken);
        }
        catch (JsonException e)
        {
            throw new RuntimeImageException($"The runtime's image {from} cannot be built on: {e.Message} The operator has to set Runtimes__... to an image.");
        }
    }

    /// <summary>Manifest and config of a base, which its digest names for ever.</summary>
    private async Task<BaseImage> BaseAsync(ImageReference from, CancellationToken cancellationToken)
    {
        var key = from.ToString();
        if (_bases.TryGetValue(key, out var known))
            return known;
        var found = await ImageWriter.ReadAsync(registries.For(from.Host), from, cancellationToken);
        if (_bases.Count >= Bases)
            _bases.Clear();
        return _bases[key] = found;
    }

    private static Dictionary<string, string> Labels(BuildJob job) => new(StringComparer.Ordinal)
    {
        [OciAnnotations.Cluster] = job.Cluster,
        [OciAnnotations.Lambda] = job.Lambda.ToString(),
        [OciAnnotations.LambdaUid] = job.Lambda.Uid,
        [OciAnnotations.Revision] = job.Revision,
    };
}
