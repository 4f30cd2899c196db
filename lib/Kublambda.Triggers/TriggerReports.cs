using System.Text.Json;
using System.Text.Json.Serialization;
using Kublambda.Contracts.Resources;

namespace Kublambda.Triggers;

/// <summary>
/// How a Lambda's resource triggers do, as their watcher says it: a JSON array of <see cref="TriggerStatus"/> under <see cref="Key"/> in the
/// watcher's ConfigMap. Counters go on over restarts; what was counted in the last seconds before a crash may be missing in them.
/// </summary>
public static class TriggerReports
{
    /// <summary>The ConfigMap's key.</summary>
    public const string Key = "triggers.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static string Write(IEnumerable<TriggerStatus> reports) => JsonSerializer.Serialize(reports, Json);

    /// <returns>Empty where there is nothing, or nothing that can be read.</returns>
    public static IReadOnlyList<TriggerStatus> Read(string? json)
    {
        try
        {
            return string.IsNullOrEmpty(json) ? [] : JsonSerializer.Deserialize<IReadOnlyList<TriggerStatus>>(json, Json) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
