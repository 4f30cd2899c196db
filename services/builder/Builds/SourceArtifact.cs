using System.Globalization;
using System.Text.Json;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Registry;

namespace Kublambda.Builder.Builds;

/// <summary>Puts a bundle into the registry as an OCI artifact, beside the image that is made of it.</summary>
public static class SourceArtifact
{
    /// <param name="registry">The push side.</param>
    /// <param name="job">The build that it is for.</param>
    /// <param name="bundle">The source.</param>
    /// <param name="now">Said in the manifest: images of reproducible builds do not say their age, so retention reads it here.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The manifest; the one from an earlier try where there is one.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public static async Task<Descriptor> PushAsync(IRegistryClient registry, BuildJob job, Bundle bundle, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var repository = Names.Repository(job.Lambda);
        // Another manifest under the tag would leave this one without a tag, where clean-up cannot find it.
        if (await registry.HeadManifestAsync(repository, Names.SourceTag(job.Revision), cancellationToken) is { } pushed)
        {
            if (bundle is { Origin: not null, IsRemembered: false } && await registry.GetManifestAsync(repository, pushed.Digest, cancellationToken) is { } same)
                await registry.PutManifestAsync(repository, Names.FetchedTag(bundle.Origin), same.Descriptor.MediaType, same.Content, cancellationToken);
            return pushed;
        }

        var config = JsonSerializer.SerializeToUtf8Bytes(new SourceConfig(bundle.ContentDigest, bundle.Paths), SourceConfig.Json);
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
                [OciAnnotations.Created] = now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                [OciAnnotations.Cluster] = job.Cluster,
                [OciAnnotations.Lambda] = job.Lambda.ToString(),
                [OciAnnotations.LambdaUid] = job.Lambda.Uid,
                [OciAnnotations.Revision] = job.Revision,
            }.ToDictionary(),
        };
        if (bundle.Origin is { } origin)
            await registry.PutManifestAsync(repository, Names.FetchedTag(origin), MediaTypes.OciManifest, manifest.ToBytes(), cancellationToken);
        return await registry.PutManifestAsync(repository, Names.SourceTag(job.Revision), MediaTypes.OciManifest, manifest.ToBytes(), cancellationToken);
    }
}

/// <summary>The config of the artifact: what the bundle holds, without unpacking it.</summary>
/// <param name="Content">Digest of the tar.</param>
/// <param name="Paths">Of its files, sorted.</param>
internal sealed record SourceConfig(string Content, IReadOnlyCollection<string> Paths)
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);
}
