namespace Kublambda.Gc.Cleaning;

/// <summary>One manifest of a repository.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Children">Digests of the manifests that it lists; empty for anything but an index.</param>
public sealed record ManifestNode(string Digest, IReadOnlyList<string> Children);

/// <summary>What can be reached in a repository by its tags.</summary>
/// <param name="Tags">Tag to digest.</param>
/// <param name="Manifests">Tagged manifests, and those below them that are there.</param>
/// <param name="Dangling">Tags whose manifest is gone: a registry that was killed while deleting leaves them.</param>
public sealed record RepositoryInventory(
    IReadOnlyDictionary<string, string> Tags, IReadOnlyList<ManifestNode> Manifests, IReadOnlyList<string> Dangling)
{
    public bool IsEmpty => Tags.Count == 0 && Manifests.Count == 0 && Dangling.Count == 0;
}
