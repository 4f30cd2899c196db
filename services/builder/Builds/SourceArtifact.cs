using System.Text.Json;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Registry;

namespace Kublambda.Builder.Builds;

/// <summary>Puts a bundle into the registry as an OCI artifact, beside the image that is made of it.</summary>
public static class SourceArtifact
{
    /// <returns>The manifest.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public static async Task<Descriptor> PushAsync(IRegistryClient registry, BuildJob job, Bundle bundle, CancellationToken cancellationToken)
    {
        var repository = Names.Repository(job.Lambda);
        var config = JsonSerializer.SerializeToUtf8Bytes(new { content = bundle.ContentDigest, files = bundle.Paths.Count });
        var configDigest = Digest.Of(config);
        await registry.PushBlobAsync(repository, configDigest, config.Length, () => new MemoryStream(config, writable: false), cancellationToken);
        await registry.PushBlobAsync(repository, bundle.Digest, bundle.Length, bundle.Open, cancellationToken);
        var manifest = new OciManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor(OciAnnotations.SourceConfigMediaType, configDigest, config.Length),
            Layers = [new Descriptor(OciAnnotations.SourceLayerMediaType, bundle.Digest, bundle.Length)],
            Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                [OciAnnotations.Cluster] = job.Cluster,
                [OciAnnotations.Lambda] = job.Lambda.ToString(),
                [OciAnnotations.LambdaUid] = job.Lambda.Uid,
                [OciAnnotations.Revision] = job.Revision,
            }.ToDictionary(),
        };
        return await registry.PutManifestAsync(repository, Names.SourceTag(job.Revision), MediaTypes.OciManifest, manifest.ToBytes(), cancellationToken);
    }
}
