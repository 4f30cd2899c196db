using System.Text.Json;
using Kublambda.Registry;

namespace Kublambda.Gc.Cleaning;

/// <summary>Reads what is in a repository.</summary>
public sealed class RepositoryReader(IRegistryClient registry)
{
    private const int MaxManifests = 10_000;

    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public async Task<RepositoryInventory> ReadAsync(string repository, CancellationToken cancellationToken)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        var dangling = new List<string>();
        var manifests = new Dictionary<string, ManifestNode>(StringComparer.Ordinal);
        await foreach (var tag in registry.ListTagsAsync(repository, cancellationToken))
        {
            if (await AddAsync(repository, tag, manifests, cancellationToken) is { } digest)
                tags[tag] = digest;
            else
                dangling.Add(tag);
        }
        return new RepositoryInventory(tags, [.. manifests.Values], dangling);
    }

    /// <summary>Adds a manifest and all below it. Null: it is not there.</summary>
    private async Task<string?> AddAsync(
        string repository, string reference, Dictionary<string, ManifestNode> manifests, CancellationToken cancellationToken)
    {
        if (manifests.ContainsKey(reference))
            return reference;
        if (await registry.GetManifestAsync(repository, reference, cancellationToken) is not { } content)
            return null;
        var digest = content.Descriptor.Digest;
        if (manifests.ContainsKey(digest) || manifests.Count >= MaxManifests)
            return digest;
        var children = Children(content);
        manifests[digest] = new ManifestNode(digest, children);
        foreach (var child in children)
            await AddAsync(repository, child, manifests, cancellationToken);
        return digest;
    }

    /// <summary>What cannot be read as an index lists nothing; it is deleted all the same.</summary>
    private static IReadOnlyList<string> Children(ManifestContent content)
    {
        try
        {
            return [.. (content.Parse().Manifests ?? []).Select(child => child.Digest).Where(Digest.IsValid)];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
