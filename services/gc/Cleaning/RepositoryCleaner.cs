using Kublambda.Contracts;
using Kublambda.Registry;

namespace Kublambda.Gc.Cleaning;

/// <summary>Empties a repository. Safe to run twice at once: what another one deleted counts as gone.</summary>
public sealed class RepositoryCleaner(IRegistryClient registry, RepositoryReader reader)
{
    private const int MaxRounds = 10;
    private const int LooksBeforeRepair = 3;

    /// <summary>Deletes until a fresh look finds nothing.</summary>
    /// <returns>Digests that this run deleted.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    /// <exception cref="CleanupWaitingException">Something keeps filling the repository.</exception>
    public async Task<IReadOnlyList<string>> EmptyAsync(string repository, CancellationToken cancellationToken)
    {
        var deleted = new List<string>();
        var onlyDangling = 0;
        for (var round = 1; round <= MaxRounds; round++)
        {
            var inventory = await reader.ReadAsync(repository, cancellationToken);
            if (inventory.IsEmpty)
                return deleted;
            foreach (var digest in DeletionPlan.PlanDeletion(inventory.Tags, inventory.Manifests))
            {
                if (await registry.DeleteManifestAsync(repository, digest, cancellationToken))
                    deleted.Add(digest);
            }
            if (inventory.Manifests.Count > 0)
            {
                onlyDangling = 0;
                continue;
            }
            // Only tags without manifests: another run may be just between the two, or the registry was killed there.
            if (++onlyDangling > LooksBeforeRepair)
                await RemoveDanglingAsync(repository, inventory.Dangling, cancellationToken);
            else
                await Task.Delay(Random.Shared.Next(100, 500), cancellationToken);
        }
        throw new CleanupWaitingException(Reasons.CleaningUp, $"The repository {repository} is filled again while it is emptied: something else pushes to it. Stop that.");
    }

    /// <summary>
    /// A tag whose manifest is gone cannot be named to the registry for deletion. It is pointed at a new, empty manifest,
    /// and goes with that one. The manifest is this run's own, so that another run does not delete it in between.
    /// </summary>
    private async Task RemoveDanglingAsync(string repository, IReadOnlyList<string> tags, CancellationToken cancellationToken)
    {
        var empty = "{}"u8.ToArray();
        var config = new Descriptor(MediaTypes.OciConfig, Digest.Of(empty), empty.Length);
        await registry.PushBlobAsync(repository, config.Digest, config.Size, () => new MemoryStream(empty), cancellationToken);
        var manifest = new OciManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = config,
            Layers = [],
            Annotations = new Dictionary<string, string> { ["dev.kublambda.run"] = Guid.NewGuid().ToString() },
        }.ToBytes();
        foreach (var tag in tags)
            await registry.PutManifestAsync(repository, tag, MediaTypes.OciManifest, manifest, cancellationToken);
        await registry.DeleteManifestAsync(repository, Digest.Of(manifest), cancellationToken);
    }
}
