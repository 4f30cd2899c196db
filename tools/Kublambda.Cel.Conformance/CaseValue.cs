using System.Globalization;
using System.Text.Json;

namespace Kublambda.Cel.Conformance;

/// <summary>Values as the cases write them: an object with one member that names the type.</summary>
public static class CaseValue
{
    /// <exception cref="NotSupportedException">A type that is not known here; the case is skipped.</exception>
    public static CelValue Read(JsonElement json)
    {
        var (type, value) = Member(json);
        return type switch
        {
            "null" => CelNull.Instance,
            "bool" => CelBool.Of(value.GetBoolean()),
            "int" => new CelInt(long.Parse(value.GetString()!, CultureInfo.InvariantCulture)),
            "uint" => new CelUint(ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture)),
            "double" => new CelDouble(Double(value.GetString()!)),
            "string" => new CelString(value.GetString()!),
            "bytes_hex" => new CelBytes(Convert.FromHexString(value.GetString()!)),
            "type" => new CelType(value.GetString()!),
            "list" => CelList.Of([.. value.EnumerateArray().Select(Read)]),
            "map" => CelMap.Of(value.EnumerateArray().Select(pair => KeyValuePair.Create(Read(pair[0]), Read(pair[1])))),
            "timestamp" => CelTimestamp.Create(Number(value, "seconds"), (int)Number(value, "nanos")),
            "duration" => new CelDuration((Number(value, "seconds") * 1_000_000_000) + Number(value, "nanos")),
            _ => throw new NotSupportedException($"Values of type {type} are not known."),
        };
    }

    /// <summary>Equality that tells types apart and takes not-a-number for equal to itself.</summary>
    public static bool Same(CelValue expected, CelValue actual) => (expected, actual) switch
    {
        (CelDouble a, CelDouble b) => a.Value.Equals(b.Value),
        (CelList a, CelList b) => a.Count == b.Count && a.Zip(b).All(pair => Same(pair.First, pair.Second)),
        (CelMap a, CelMap b) => a.Count == b.Count && a.All(entry => b.Any(other => Same(entry.Key, other.Key) && Same(entry.Value, other.Value))),
        _ => expected.Kind == actual.Kind && expected.Equals(actual),
    };

    private static (string Type, JsonElement Value) Member(JsonElement json)
    {
        var member = json.EnumerateObject().First();
        return (member.Name, member.Value);
    }

    private static double Double(string text) => text.ToUpperInvariant() switch
    {
        "INF" or "+INF" or "INFINITY" => double.PositiveInfinity,
        "-INF" or "-INFINITY" => double.NegativeInfinity,
        "NAN" => double.NaN,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private static long Number(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value)) return 0;
        return value.ValueKind == JsonValueKind.Number ? value.GetInt64() : long.Parse(value.GetString()!, CultureInfo.InvariantCulture);
    }
}
