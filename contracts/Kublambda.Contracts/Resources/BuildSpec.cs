namespace Kublambda.Contracts.Resources;

/// <summary>How the image is made.</summary>
public sealed record BuildSpec
{
    /// <summary>The name of a pipeline the installation has, or <c>auto</c> (the default).</summary>
    public string? Pipeline { get; init; }

    /// <summary>Environment of the build.</summary>
    public IReadOnlyList<EnvVar>? Env { get; init; }

    public ComputeResources? Resources { get; init; }

    /// <summary>Seconds; <see cref="Defaults.BuildTimeoutSeconds"/> when absent.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>The value of <see cref="Pipeline"/> that lets Kublambda choose.</summary>
    public const string AutoPipeline = "auto";
}
