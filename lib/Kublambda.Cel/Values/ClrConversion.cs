using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kublambda.Cel.Values;

/// <summary>Between CLR values and CEL values.</summary>
internal static class ClrConversion
{
    private const int MaxElements = 1_000_000;

    public static CelValue ToCel(object? value) => value switch
    {
        null => CelNull.Instance,
        CelValue cel => cel,
        JsonElement json => JsonConversion.ToCel(json),
        JsonNode node => JsonConversion.ToCel(JsonSerializer.SerializeToElement(node)),
        JsonDocument document => JsonConversion.ToCel(document.RootElement),
        bool flag => CelBool.Of(flag),
        string text => new CelString(text),
        char letter => new CelString(letter.ToString()),
        long or int or short or sbyte => new CelInt(Convert.ToInt64(value, null)),
        ulong or uint or ushort or byte => new CelUint(Convert.ToUInt64(value, null)),
        double or float or decimal => new CelDouble(Convert.ToDouble(value, null)),
        byte[] bytes => new CelBytes(bytes),
        ReadOnlyMemory<byte> bytes => new CelBytes(bytes),
        DateTimeOffset time => CelTimestamp.Create(time),
        DateTime time => CelTimestamp.Create(new DateTimeOffset(time.ToUniversalTime())),
        TimeSpan span => CelDuration.TryCreate((Int128)span.Ticks * 100) ?? throw new ArgumentException($"{span} is longer than the 292 years of a duration."),
        Guid guid => new CelString(guid.ToString()),
        IDictionary dictionary => FromDictionary(dictionary),
        IEnumerable<KeyValuePair<string, object?>> pairs => CelMap.Of(pairs.Select(pair => KeyValuePair.Create(ToCel(pair.Key), ToCel(pair.Value)))),
        IList list => new ClrList(list),
        IEnumerable sequence => CelList.Of([.. sequence.Cast<object?>().Select(ToCel)]),
        _ => throw new ArgumentException($"A value of type {value.GetType()} has no counterpart in CEL; pass a JsonElement, a dictionary, a list or a scalar."),
    };

    /// <exception cref="InvalidOperationException">There are more than <see cref="MaxElements"/> elements: a small expression can give a list that holds itself over and over.</exception>
    public static object? ToClr(CelValue value)
    {
        var left = MaxElements;
        try
        {
            return ToClr(value, ref left);
        }
        catch (InsufficientExecutionStackException)
        {
            throw new InvalidOperationException("The value is nested too deeply.");
        }
    }

    private static object? ToClr(CelValue value, ref int left)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (--left < 0) throw new InvalidOperationException($"The value has more than {MaxElements} elements.");
        return value switch
        {
            CelBool flag => flag.Value,
            CelInt number => number.Value,
            CelUint number => number.Value,
            CelDouble number => number.Value,
            CelString text => text.Value,
            CelBytes bytes => bytes.Value.ToArray(),
            CelTimestamp time => time.ToDateTimeOffset(),
            CelDuration span => span.ToTimeSpan(),
            CelType type => type.Name,
            CelOptional optional => optional.Value is null ? null : ToClr(optional.Value, ref left),
            CelList list => ToClrList(list, ref left),
            CelMap map => ToClrDictionary(map, ref left),
            CelOpaque opaque => opaque.Text,
            _ => null,
        };
    }

    private static List<object?> ToClrList(CelList list, ref int left)
    {
        var result = new List<object?>();
        foreach (var item in list) result.Add(ToClr(item, ref left));
        return result;
    }

    private static Dictionary<object, object?> ToClrDictionary(CelMap map, ref int left)
    {
        var result = new Dictionary<object, object?>();
        foreach (var (key, value) in map) result[ToClr(key, ref left)!] = ToClr(value, ref left);
        return result;
    }

    // A look-up by another key than a string may not agree with CEL's equality of numbers, so these are made anew.
    private static CelMap FromDictionary(IDictionary dictionary) => dictionary.Keys.Cast<object>().FirstOrDefault() is null or string
        ? new ClrMap(dictionary)
        : CelMap.Of(dictionary.Keys.Cast<object>().Select(key => KeyValuePair.Create(ToCel(key), ToCel(dictionary[key]))));
}

/// <summary>From JSON as Kubernetes means it: a number without fraction or exponent is an int.</summary>
internal static class JsonConversion
{
    public static CelValue ToCel(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new JsonMap(json),
        JsonValueKind.Array => new JsonList(json),
        JsonValueKind.String => Text(json),
        JsonValueKind.True => CelBool.True,
        JsonValueKind.False => CelBool.False,
        JsonValueKind.Number => Number(json),
        _ => CelNull.Instance,
    };

    // JSON can write half of a surrogate pair, which is no text.
    private static CelValue Text(JsonElement json)
    {
        try
        {
            return new CelString(json.GetString()!);
        }
        catch (InvalidOperationException)
        {
            return new CelError("a string of the JSON input is not valid Unicode");
        }
    }

    private static CelValue Number(JsonElement json)
    {
        if (json.TryGetInt64(out var whole)) return new CelInt(whole);
        return json.TryGetUInt64(out var positive) ? new CelUint(positive) : new CelDouble(json.GetDouble());
    }
}
