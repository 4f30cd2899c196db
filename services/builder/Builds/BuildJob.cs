using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Builds;

/// <summary>One build: everything that its pod is rendered from.</summary>
public sealed record BuildJob
{
    public required LambdaRef Lambda { get; init; }
    public required long Generation { get; init; }

    /// <summary>What tells this cluster from others that push to the same registry.</summary>
    public required string Cluster { get; init; }
    public required string Revision { get; init; }
    public required Pipeline Pipeline { get; init; }

    /// <summary>Of a git source: the commit.</summary>
    public string? Commit { get; init; }

    /// <summary>The bundle by digest, on the push side.</summary>
    public required string Bundle { get; init; }

    /// <summary>The runtime's image by digest.</summary>
    public required string Base { get; init; }
    public required bool BaseInsecure { get; init; }

    /// <summary>The image to push, by tag, on the push side.</summary>
    public required string Image { get; init; }
    public required bool ImageInsecure { get; init; }

    /// <summary>Where a pipeline may keep what makes the next build quicker: a repository on the push side.</summary>
    public string Cache { get; init; } = "";

    /// <summary><c>spec.runtime</c>, <c>spec.handler</c>, <c>spec.signature</c>.</summary>
    public string Runtime { get; init; } = "";
    public string Handler { get; init; } = "";
    public string Signature { get; init; } = "";

    /// <summary>
    /// Names the dependencies of the source: a hash of all that decides them. Null: it has none to install.
    /// </summary>
    public string? Dependencies { get; init; }

    /// <summary>The image that dependencies are installed with, as nodes pull it; empty where none are.</summary>
    public string Toolchain { get; init; } = "";

    /// <summary>Of pipelines with a <see cref="Pipeline.Builder"/>: what its image says.</summary>
    public BuilderImage? Builder { get; init; }
    public BuildSpec? Settings { get; init; }

    /// <summary>Counts from 1; above that, an earlier try met a fault that passes.</summary>
    public int Attempt { get; init; } = 1;

    public string PodName => Names.BuildPod(Lambda, Revision);
}
