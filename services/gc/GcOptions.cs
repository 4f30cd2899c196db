using System.ComponentModel.DataAnnotations;

namespace Kublambda.Gc;

/// <summary>Settings of clean-up, section <c>Gc</c>.</summary>
public sealed record GcOptions
{
    public const string Section = "Gc";

    /// <summary>Time between two sweeps for what no Lambda owns any more.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "1.00:00:00")]
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time from the start, or from becoming leader, to the first sweep.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan SweepDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a repository has to be seen without its Lambda before a sweep deletes it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "7.00:00:00")]
    public TimeSpan OrphanGrace { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>
    /// Whether sweeps delete repositories. Those of other clusters that share the registry are left alone in any case.
    /// </summary>
    public bool SweepRepositories { get; init; } = true;

    /// <summary>How many of a living Lambda's newest images stay, used or not. Those in use stay in any case.</summary>
    [Range(1, 100)]
    public int KeepRevisions { get; init; } = 5;

    /// <summary>How long what builds keep for the next ones (layers of dependencies, caches of Kaniko and buildpacks) stays in the repository of a living Lambda.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan KeepCache { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Time between two looks for old revisions.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "7.00:00:00")]
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Times after a finished clean-up at which it is looked whether a late build filled the repository again.</summary>
    public IReadOnlyList<TimeSpan> SecondLooks { get; init; } = [TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(20)];
}

/// <summary>What gc has to know of builds, section <c>Build</c>.</summary>
public sealed record BuildOptions
{
    public const string Section = "Build";

    /// <summary>Where build pods run.</summary>
    [Required]
    public string Namespace { get; init; } = "kublambda-builds";
}
