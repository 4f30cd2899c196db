using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer;

/// <summary>
/// Everything that the objects of a Lambda are rendered from: one generation of its spec and the image built for that
/// generation. It is kept on the Deployment, so that objects can be put right after a hand edit without mixing a newer
/// spec, whose image is not there yet, with the image that runs.
/// </summary>
public sealed record Workload
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [JsonIgnore]
    public LambdaRef Lambda { get; init; } = new("", "", "");

    /// <summary><c>metadata.generation</c> of the Lambda that <see cref="Spec"/> is from.</summary>
    public long Generation { get; init; }
    public string Revision { get; init; } = "";

    /// <summary>By digest, under the name that nodes pull.</summary>
    public string Image { get; init; } = "";

    /// <summary>The spec without what only the build needs: source and build.</summary>
    public LambdaSpec Spec { get; init; } = new();

    public static Workload Of(Lambda lambda, string revision, string image) => new()
    {
        Lambda = LambdaRef.Of(lambda),
        Generation = lambda.Metadata.Generation ?? 0,
        Revision = revision,
        Image = image,
        Spec = lambda.Spec with { Source = new(), Build = null },
    };

    [JsonIgnore]
    public int MinReplicas => Math.Max(1, Spec.Scaling?.MinReplicas ?? Defaults.MinReplicas);

    /// <summary>Never below <see cref="MinReplicas"/>, also where only the minimum is given.</summary>
    [JsonIgnore]
    public int MaxReplicas => Math.Max(MinReplicas, Spec.Scaling?.MaxReplicas ?? Defaults.MaxReplicas);

    [JsonIgnore]
    public int TimeoutSeconds => Spec.TimeoutSeconds ?? Defaults.TimeoutSeconds;

    /// <summary>What the Deployment was rendered from; null where the annotation is absent or cannot be read.</summary>
    public static Workload? On(V1Deployment deployment, LambdaRef lambda)
    {
        if (deployment.Metadata.Annotations?.TryGetValue(Annotations.RenderedFrom, out var json) != true)
            return null;
        try
        {
            var workload = JsonSerializer.Deserialize<Workload>(json!, Json);
            return workload is { Revision.Length: > 0, Image.Length: > 0 } ? workload with { Lambda = lambda } : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
