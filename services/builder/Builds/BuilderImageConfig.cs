using System.Globalization;
using System.Text.Json;

namespace Kublambda.Builder.Builds;

/// <summary>
/// Reads the config of a builder image after the Cloud Native Buildpacks platform specification: <c>CNB_USER_ID</c> and <c>CNB_GROUP_ID</c>
/// in its environment, and the label <c>io.buildpacks.builder.metadata</c> with what its lifecycle speaks. Pure.
/// </summary>
public static class BuilderImageConfig
{
    private const string Metadata = "io.buildpacks.builder.metadata";

    /// <summary>The versions of the Platform API that our pipelines are written for, newest first.</summary>
    public static readonly IReadOnlyList<string> PlatformApis = ["0.13", "0.12", "0.11", "0.10"];

    /// <exception cref="JsonException">It is no builder, or one that none of <see cref="PlatformApis"/> fits.</exception>
    public static BuilderImage Read(string digest, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("config", out var config) || config.ValueKind != JsonValueKind.Object)
            throw new JsonException("Its config has no section \"config\".");
        return new BuilderImage(digest, Id(config, "CNB_USER_ID"), Id(config, "CNB_GROUP_ID"), PlatformApi(config));
    }

    private static long Id(JsonElement config, string name)
    {
        var variables = config.TryGetProperty("Env", out var env) && env.ValueKind == JsonValueKind.Array ? env.EnumerateArray().Select(e => e.GetString() ?? "").ToList() : [];
        var value = variables.LastOrDefault(v => v.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..];
        // Never 0: the lifecycle refuses to build as root.
        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
            ? id
            : throw new JsonException($"Its environment says no {name}.");
    }

    private static string PlatformApi(JsonElement config)
    {
        if (!config.TryGetProperty("Labels", out var labels) || labels.ValueKind != JsonValueKind.Object || !labels.TryGetProperty(Metadata, out var label) || label.GetString() is not { } text)
            throw new JsonException($"It has no label {Metadata}.");
        using var metadata = JsonDocument.Parse(text);
        if (!metadata.RootElement.TryGetProperty("lifecycle", out var lifecycle) || !lifecycle.TryGetProperty("apis", out var apis) || !apis.TryGetProperty("platform", out var platform))
            throw new JsonException("It does not say which versions of the Platform API its lifecycle speaks.");
        var spoken = Versions(platform, "supported").Concat(Versions(platform, "deprecated")).ToList();
        return PlatformApis.FirstOrDefault(spoken.Contains)
            ?? throw new JsonException($"Its lifecycle speaks the Platform API {string.Join(", ", spoken)}, and none of {string.Join(", ", PlatformApis)}.");
    }

    private static IEnumerable<string> Versions(JsonElement platform, string name) =>
        platform.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(v => v.GetString() ?? "") : [];
}
