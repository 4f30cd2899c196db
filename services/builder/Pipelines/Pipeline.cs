using System.Security.Cryptography;
using k8s;
using k8s.Models;

namespace Kublambda.Builder.Pipelines;

/// <summary>A way to make an image, as one YAML file describes it: the containers of a pod, run one after the other.</summary>
public sealed record Pipeline
{
    /// <summary>
    /// The pipeline that is no file: the builder itself puts the source as one layer on the runtime's image, in the registry.
    /// Its parameter counts how it lays the image out, so that a change there makes new revisions.
    /// </summary>
    public static Pipeline Append { get; } = new()
    {
        Name = "append",
        Description = "Puts the source as one layer on the runtime's image, straight in the registry. No pod, no code of the user.",
        Parameters = [new PipelineParameter("layout", ParameterType.Number, [], "How the image is laid out.", "1")],
        Volumes = [],
        Steps = [],
    };

    public required string Name { get; init; }
    public required string Description { get; init; }

    /// <summary>The runtimes whose Lambdas it can build; empty: all that have an image to build on.</summary>
    public IReadOnlyList<string> Runtimes { get; init; } = [];

    /// <summary>Whether <c>auto</c> may take it.</summary>
    public bool Automatic { get; init; } = true;

    /// <summary>
    /// The image, still with its <c>$(images...)</c>, of a Cloud Native Buildpacks builder that the steps run in: it says as which user, and with which
    /// version of the Platform API. Null: no such steps. Those pipelines build on the builder's run image, not on the runtime's.
    /// </summary>
    public string? Builder { get; init; }
    public required IReadOnlyList<PipelineParameter> Parameters { get; init; }
    public required IReadOnlyList<V1Volume> Volumes { get; init; }

    /// <summary>All but the last become init containers. The digest of the image is the termination message of the last one.</summary>
    public required IReadOnlyList<PipelineStep> Steps { get; init; }

    /// <summary>False for <see cref="Append"/> alone.</summary>
    public bool HasPod => Steps.Count > 0;

    /// <summary>
    /// <c>sha256:</c> of everything here that can decide how an image turns out: a part of every revision. Wording,
    /// comments and layout of the file are not.
    /// </summary>
    public string ContentDigest()
    {
        var content = KubernetesJson.Serialize(new
        {
            Name,
            Builder,
            Parameters = Parameters.Select(p => new { p.Name, p.Value }),
            Volumes,
            Steps = Steps.Select(s => new { s.Container, s.BuildEnv, s.Network, s.AsBuilder, s.When }),
        });
        return $"sha256:{Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(content)))}";
    }
}

/// <summary>A value that an installation may set, referred to as <c>$(params.name)</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What values are allowed.</param>
/// <param name="Allowed">All allowed values; empty where the type alone decides.</param>
/// <param name="Description">For the person who sets it.</param>
/// <param name="Value">The installation's setting, else the file's default.</param>
public sealed record PipelineParameter(string Name, ParameterType Type, IReadOnlyList<string> Allowed, string Description, string Value);

/// <summary>Types of parameters.</summary>
public enum ParameterType
{
    /// <summary>One line of text.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>A Kubernetes quantity: <c>512Mi</c>, <c>250m</c>.</summary>
    Quantity,
}

/// <summary>One container of a build pod.</summary>
/// <param name="Container">The container, its texts still holding <c>$(...)</c>.</param>
/// <param name="RegistryCredentials">The directory in which the step finds the registry's credentials as <c>config.json</c>; null: it gets none.</param>
/// <param name="BuildEnv">The step gets <c>spec.build.env</c>.</param>
public sealed record PipelineStep(V1Container Container, string? RegistryCredentials, bool BuildEnv)
{
    public string Name => Container.Name;

    /// <summary>The step goes to the network for more than the registry: it gets the installation's proxy and mirror settings.</summary>
    public bool Network { get; init; }

    /// <summary>The step runs as the user of <see cref="Pipeline.Builder"/>.</summary>
    public bool AsBuilder { get; init; }

    /// <summary>Whether it runs at all.</summary>
    public StepCondition When { get; init; }

    /// <summary>What its exit codes mean.</summary>
    public IReadOnlyList<StepFailure> Failures { get; init; } = [];
}

/// <summary>When a step is a part of the pod.</summary>
public enum StepCondition
{
    Always,

    /// <summary>Where the source has a manifest of dependencies; see <see cref="DependencyManifests"/>.</summary>
    Dependencies,
}

/// <summary>What exit codes of a step mean.</summary>
/// <param name="ExitCodes">The codes.</param>
/// <param name="Reason">One of <see cref="Contracts.Reasons"/>.</param>
/// <param name="Message">What happened and what to do.</param>
public sealed record StepFailure(IReadOnlyList<int> ExitCodes, string Reason, string Message);
