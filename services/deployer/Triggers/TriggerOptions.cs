using System.ComponentModel.DataAnnotations;

namespace Kublambda.Deployer.Triggers;

/// <summary>How the installation runs resource triggers: section <c>Triggers</c>.</summary>
public sealed record TriggerOptions
{
    public const string Section = "Triggers";
    public const string PerLambda = "PerLambda";
    public const string Shared = "Shared";

    /// <summary><see cref="PerLambda"/>: a watcher in the namespace of each Lambda that has resource triggers. <see cref="Shared"/>: one for all, which the installation runs.</summary>
    [AllowedValues(PerLambda, Shared)]
    public string Mode { get; init; } = PerLambda;

    /// <summary>The image of the watcher.</summary>
    [Required]
    public string WatcherImage { get; init; } = "ghcr.io/kublambda/watcher";

    /// <summary>Memory that one watcher may use.</summary>
    [RegularExpression("^[0-9]+(Mi|Gi)$", ErrorMessage = "Triggers__WatcherMemory is a quantity such as 384Mi.")]
    public string WatcherMemory { get; init; } = "384Mi";

    /// <summary>File with the policy; when absent, every kind but Secret may be watched in the Lambda's own namespace.</summary>
    public string? PolicyPath { get; init; }
}
