using System.Text.Json;
using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Registry;

namespace Kublambda.Gc.Sweeping;

/// <summary>
/// Finds out whose a repository is. It is ours only where something in it carries the marks of
/// <see cref="OciAnnotations"/>, of this cluster, and the Lambda they name has exactly this repository; all else is somebody
/// else's.
/// </summary>
public sealed partial class OwnerReader(IRegistryClient registry)
{
    private const int MaxTags = 20;

    /// <summary>False where the name alone tells that it is not ours.</summary>
    public static bool MayBeOurs(string repository) => Shape().IsMatch(repository);

    /// <param name="repository">Path in the registry.</param>
    /// <param name="cluster">Whose images are looked for.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The owner; null for a repository of others.  <c>Empty</c> is true where there was nothing to look at.</returns>
    public async Task<(LambdaRef? Owner, bool Empty)> FindAsync(string repository, string cluster, CancellationToken cancellationToken)
    {
        var looked = 0;
        await foreach (var tag in registry.ListTagsAsync(repository, cancellationToken))
        {
            if (looked++ == MaxTags)
                break;
            if (await registry.GetManifestAsync(repository, tag, cancellationToken) is { } manifest
                && Owner(await MarksAsync(repository, manifest, cancellationToken), cluster) is { } owner
                && Names.Repository(owner) == repository)
                return (owner, false);
        }
        return (null, looked == 0);
    }

    /// <summary>Annotations of the manifest, else labels of the image's config; of an index, those of its first image.</summary>
    private async Task<IReadOnlyDictionary<string, string>> MarksAsync(
        string repository, ManifestContent content, CancellationToken cancellationToken)
    {
        try
        {
            var manifest = content.Parse();
            if (manifest.Annotations?.ContainsKey(OciAnnotations.LambdaUid) == true)
                return manifest.Annotations;
            if (manifest.Manifests is [var first, ..])
            {
                var child = await registry.GetManifestAsync(repository, first.Digest, cancellationToken);
                manifest = child?.Parse() ?? manifest;
            }
            return manifest.Config is { } config
                ? (await ImageConfig.ReadAsync(registry, repository, config, cancellationToken)).Labels
                : new Dictionary<string, string>();
        }
        catch (JsonException)
        {
            return new Dictionary<string, string>();
        }
    }

    /// <summary>Null where the marks are missing, are not what we write, or are of another cluster.</summary>
    private static LambdaRef? Owner(IReadOnlyDictionary<string, string> marks, string cluster) =>
        marks.GetValueOrDefault(OciAnnotations.Cluster) == cluster
        && marks.GetValueOrDefault(OciAnnotations.LambdaUid) is { } uid && Uid().IsMatch(uid)
        && marks.GetValueOrDefault(OciAnnotations.Lambda)?.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } name]
            ? new LambdaRef(ns, name, uid)
            : null;

    [GeneratedRegex(@"\A[^/]+/[^/]+-[0-9a-f]{8}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();

    [GeneratedRegex(@"\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Uid();
}
