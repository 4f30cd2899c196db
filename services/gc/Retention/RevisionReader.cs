using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Registry;

namespace Kublambda.Gc.Retention;

/// <summary>Reads which revisions a repository holds. Tags of any other shape are not looked at.</summary>
public sealed partial class RevisionReader(IRegistryClient registry)
{
    /// <returns>Empty where there are not more than <paramref name="keep"/> images and no bundle or log without one: nothing to think about.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public async Task<IReadOnlyList<RevisionContent>> ReadAsync(string repository, int keep, CancellationToken cancellationToken)
    {
        var tags = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var tag in registry.ListTagsAsync(repository, cancellationToken))
            tags.Add(tag);
        var images = tags.Where(tag => Revision().IsMatch(tag)).ToHashSet(StringComparer.Ordinal);
        var sources = tags.Where(tag => SourceTag().IsMatch(tag)).Select(tag => tag[Names.SourceTag("").Length..]).ToHashSet(StringComparer.Ordinal);
        var logs = tags.Where(tag => LogTag().IsMatch(tag)).Select(tag => tag[Names.LogTag("").Length..]).ToHashSet(StringComparer.Ordinal);
        if (images.Count <= keep && sources.IsSubsetOf(images) && logs.IsSubsetOf(images))
            return [];
        var contents = new List<RevisionContent>();
        foreach (var revision in images.Union(sources).Union(logs).Order(StringComparer.Ordinal))
        {
            var content = await ReadRevisionAsync(repository, revision, images.Contains(revision), sources.Contains(revision), cancellationToken);
            var log = logs.Contains(revision) ? await registry.HeadManifestAsync(repository, Names.LogTag(revision), cancellationToken) : null;
            contents.Add(content with { Log = log?.Digest });
        }

        return contents;
    }

    private async Task<RevisionContent> ReadRevisionAsync(
        string repository, string revision, bool image, bool source, CancellationToken cancellationToken)
    {
        var manifest = image ? await registry.GetManifestAsync(repository, Names.ImageTag(revision), cancellationToken) : null;
        var bundle = source ? await registry.GetManifestAsync(repository, Names.SourceTag(revision), cancellationToken) : null;
        var created = manifest is null ? null : await CreatedAsync(repository, manifest, cancellationToken);
        // Of reproducible builds, and of those that failed, only the source tells when it came.
        if (bundle is not null && !RetentionPlan.IsMeaningful(created))
            created = PushedAt(bundle) ?? created;
        return new RevisionContent(revision, manifest?.Descriptor.Digest, bundle?.Descriptor.Digest, created);
    }

    private async Task<DateTimeOffset?> CreatedAsync(string repository, ManifestContent manifest, CancellationToken cancellationToken)
    {
        try
        {
            return manifest.Parse().Config is { } config ? (await ImageConfig.ReadAsync(registry, repository, config, cancellationToken)).Created : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static DateTimeOffset? PushedAt(ManifestContent bundle)
    {
        try
        {
            return DateTimeOffset.TryParse(bundle.Parse().Annotations?.GetValueOrDefault(OciAnnotations.Created), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A[0-9a-f]{12}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Revision();

    [GeneratedRegex(@"\Asource-[0-9a-f]{12}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SourceTag();

    [GeneratedRegex(@"\Alog-[0-9a-f]{12}\z", RegexOptions.CultureInvariant)]
    private static partial Regex LogTag();
}
