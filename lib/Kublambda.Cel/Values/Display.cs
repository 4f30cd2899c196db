using System.Globalization;

namespace Kublambda.Cel.Values;

/// <summary>Short texts of values for messages.</summary>
internal static class Display
{
    private const int MaxElements = 10;
    private const int MaxDepth = 4;

    public static string Of(CelValue value) => Of(value, depth: 0);

    private static string Of(CelValue value, int depth) => value switch
    {
        CelNull => "null",
        CelBool flag => flag.Value ? "true" : "false",
        CelInt number => number.Value.ToString(CultureInfo.InvariantCulture),
        CelUint number => number.Value.ToString(CultureInfo.InvariantCulture) + "u",
        CelDouble number => DoubleText.General(number.Value),
        CelString text => "\"" + Cut(text.Value) + "\"",
        CelBytes bytes => "b\"" + Convert.ToHexString(bytes.Value.Span[..Math.Min(bytes.Value.Length, 40)]) + "\"",
        CelTimestamp time => "timestamp(\"" + time.ToRfc3339() + "\")",
        CelDuration span => "duration(\"" + span.ToSecondsText() + "\")",
        CelType type => type.Name,
        CelOptional { Value: null } => "optional.none()",
        CelOptional optional => "optional.of(" + (depth >= MaxDepth ? "..." : Of(optional.Value!, depth + 1)) + ")",
        CelList list => depth >= MaxDepth ? "[...]" : "[" + Join(list.Take(MaxElements).Select(item => Of(item, depth + 1)), list.Count) + "]",
        CelMap map => depth >= MaxDepth ? "{...}" : "{" + Join(map.Take(MaxElements).Select(entry => Of(entry.Key, depth + 1) + ": " + Of(entry.Value, depth + 1)), map.Count) + "}",
        CelOpaque opaque => opaque.TypeName + "(" + opaque.Text + ")",
        CelError error => "error: " + error.Message,
        _ => value.TypeName,
    };

    private static string Join(IEnumerable<string> parts, int count) => string.Join(", ", parts) + (count > MaxElements ? ", ..." : "");

    /// <summary>Enough of a text to recognise it: an expression can make one of megabytes, and a message for each look at it.</summary>
    public static string Cut(string text) => text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 80), "...");
}
