using System.ComponentModel.DataAnnotations;

namespace Kublambda.Builder;

/// <summary>Settings of builds: the section <c>Build</c>.</summary>
public sealed record BuildOptions
{
    public const string Section = "Build";

    /// <summary>Where build pods run; nothing else does.</summary>
    [Required]
    public string Namespace { get; init; } = "kublambda-builds";

    /// <summary>The pipeline of Lambdas that name none.</summary>
    [Required]
    public string DefaultPipeline { get; init; } = "buildah";

    /// <summary>Directories of pipeline files, separated by colons: those of the image, and those that an installation adds or replaces.</summary>
    [Required]
    public string PipelinesPath { get; init; } = "/etc/kublambda/pipelines";

    /// <summary>Build pods that may run at the same time.</summary>
    [Range(1, 1000)]
    public int MaxConcurrent { get; init; } = 4;

    /// <summary>Images that one replica puts together at the same time without a pod (the pipeline <c>append</c>).</summary>
    [Range(1, 100)]
    public int MaxAppends { get; init; } = 4;

    /// <summary>How long a failed build pod is kept to be looked at.</summary>
    public TimeSpan KeepFailed { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a finished build pod is kept, so that repeated messages tell the same times.</summary>
    public TimeSpan KeepSucceeded { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Name of a Secret of type <c>kubernetes.io/dockerconfigjson</c> in the build namespace; it may be missing.</summary>
    [Required]
    public string RegistrySecret { get; init; } = "kublambda-registry";

    /// <summary>Parameters by pipeline and name: <c>Build__Parameters__buildah__memory-limit</c>.</summary>
    public Dictionary<string, Dictionary<string, string>> Parameters { get; init; } = [];

    /// <summary>What <c>$(images.name)</c> stands for in pipelines; from the settings <c>Build__NameImage</c>.</summary>
    public Dictionary<string, string> Images { get; init; } = [];

    /// <summary>The images that dependencies are installed with, by runtime, as nodes pull them: <c>Build__Toolchains__nodejs</c>.</summary>
    public Dictionary<string, string> Toolchains { get; init; } = [];

    /// <summary>
    /// Name of a ConfigMap in the build namespace with all authorities to trust, PEM, under the key <c>ca-certificates.crt</c>. For builds
    /// behind a proxy that has its own. Null: each image trusts what it comes with.
    /// </summary>
    public string? TrustBundle { get; init; }

    /// <summary>
    /// Name of a Secret in the build namespace whose keys become environment variables of steps that go to the network: <c>HTTPS_PROXY</c>,
    /// <c>npm_config_registry</c>, <c>PIP_INDEX_URL</c>. Code of users sees them. Null: none.
    /// </summary>
    public string? EnvironmentSecret { get; init; }
}
