namespace Kublambda.Gc.Retention;

/// <summary>What a repository holds of one revision.</summary>
/// <param name="Revision">The tag.</param>
/// <param name="Image">Digest of its image; null where it was never built, or is gone.</param>
/// <param name="Source">Digest of its bundle; null where that is gone.</param>
/// <param name="CreatedAt">When the image was made, else when its bundle was pushed; null where neither says it.</param>
public sealed record RevisionContent(string Revision, string? Image, string? Source, DateTimeOffset? CreatedAt)
{
    /// <summary>Digest of the log of its build; null where there is none.</summary>
    public string? Log { get; init; }
}

/// <summary>What may be pulled again, and so stays.</summary>
/// <param name="Revisions">Of the status and of builds that are there.</param>
/// <param name="Digests">Of images in the status, in Deployments and in ReplicaSets, which a roll-back goes to.</param>
public sealed record RevisionsInUse(IReadOnlySet<string> Revisions, IReadOnlySet<string> Digests);

/// <summary>What a retention run is to delete in the repository of a living Lambda.</summary>
/// <param name="Digests">Manifests to delete.</param>
/// <param name="Idle">For the next run: revisions without an image that nothing uses.</param>
public sealed record RetentionPlan(IReadOnlyList<string> Digests, IReadOnlySet<string> Idle)
{
    /// <summary>Before this, a time of creation is a constant of a reproducible build and tells no order.</summary>
    private static readonly DateTimeOffset Meaningful = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether a time of creation tells an image's age.</summary>
    public static bool IsMeaningful(DateTimeOffset? created) => created >= Meaningful;

    /// <summary>
    /// Images beyond the newest <paramref name="keep"/> that nothing uses, each with its bundle and log; and bundles without an
    /// image that nothing used in the last run either, since a bundle is pushed a moment before its build starts. Of builds that
    /// failed the newest <paramref name="keep"/> logs stay, with their bundles. An image whose age cannot be told stays.
    /// </summary>
    /// <param name="idleBefore"><see cref="Idle"/> of the last run.</param>
    public static RetentionPlan Plan(
        IReadOnlyCollection<RevisionContent> contents, RevisionsInUse used, IReadOnlySet<string> idleBefore, int keep)
    {
        var unused = contents.Where(c => !used.Revisions.Contains(c.Revision) && (c.Image is null || !used.Digests.Contains(c.Image))).ToList();
        var newest = contents.Where(c => c is { Image: not null }).OrderByDescending(c => c.CreatedAt).ThenBy(c => c.Revision, StringComparer.Ordinal)
            .Take(keep).Select(c => c.Revision).ToHashSet(StringComparer.Ordinal);
        var old = unused.Where(c => c is { Image: not null } && IsMeaningful(c.CreatedAt) && !newest.Contains(c.Revision));
        var idle = unused.Where(c => c.Image is null).Select(c => c.Revision).ToHashSet(StringComparer.Ordinal);
        var failed = contents.Where(c => c is { Image: null, Log: not null }).OrderByDescending(c => c.CreatedAt).ThenBy(c => c.Revision, StringComparer.Ordinal)
            .Take(keep).Select(c => c.Revision).ToHashSet(StringComparer.Ordinal);
        var forgotten = unused.Where(c => c.Image is null && idleBefore.Contains(c.Revision) && !failed.Contains(c.Revision));

        var going = old.Concat(forgotten).ToList();
        // A manifest may carry the tags of several revisions, and goes with the last of them.
        var kept = contents.Except(going).SelectMany(ManifestsOf).ToHashSet(StringComparer.Ordinal);
        return new RetentionPlan([.. going.SelectMany(ManifestsOf).Distinct(StringComparer.Ordinal).Where(digest => !kept.Contains(digest))], idle);
    }

    private static IEnumerable<string> ManifestsOf(RevisionContent content) => new[] { content.Image, content.Source, content.Log }.OfType<string>();
}
