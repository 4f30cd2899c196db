using System.Globalization;
using System.Text.Json;
using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Gc.Retention;

/// <summary>
/// Keeps the cache repositories of living Lambdas from growing for ever: what is old goes. It costs the next build time, and nothing else. What does
/// not tell its age stays: the cache image of buildpacks, of which there is one.
/// </summary>
public sealed class CacheRetention(IRegistryClient registry, CleanupReporter reporter, IOptions<GcOptions> options, TimeProvider time)
{
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public async Task PruneAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        var repository = Names.CacheRepository(lambda);
        var limit = time.GetUtcNow() - options.Value.KeepCache;
        var tags = new List<string>();
        await foreach (var tag in registry.ListTagsAsync(repository, cancellationToken))
            tags.Add(tag);
        var deleted = new List<string>();
        foreach (var tag in tags)
        {
            if (await registry.GetManifestAsync(repository, tag, cancellationToken) is { } manifest
                && await CreatedAsync(repository, manifest, cancellationToken) is { } created && RetentionPlan.IsMeaningful(created) && created < limit
                && await registry.DeleteManifestAsync(repository, manifest.Descriptor.Digest, cancellationToken))
                deleted.Add(manifest.Descriptor.Digest);
        }

        if (deleted.Count > 0)
            reporter.Pruned(lambda, repository, deleted);
    }

    private async Task<DateTimeOffset?> CreatedAsync(string repository, ManifestContent manifest, CancellationToken cancellationToken)
    {
        try
        {
            var parsed = manifest.Parse();
            if (DateTimeOffset.TryParse(parsed.Annotations?.GetValueOrDefault(OciAnnotations.Created), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
                return at;
            return parsed.Config is { } config ? (await ImageConfig.ReadAsync(registry, repository, config, cancellationToken)).Created : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
