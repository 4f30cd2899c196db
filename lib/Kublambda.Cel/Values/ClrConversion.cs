using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kublambda.Cel.Values;

/// <summary>Between CLR values and CEL values.</summary>
internal static class ClrConversion
{
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
        TimeSpan span => new CelDuration(checked(span.Ticks * 100)),
        Guid guid => new CelString(guid.ToString()),
        IDictionary dictionary => FromDictionary(dictionary),
        IEnumerable<KeyValuePair<string, object?>> pairs => CelMap.Of(pairs.Select(pair => KeyValuePair.Create(ToCel(pair.Key), ToCel(pair.Value)))),
        IList list => new ClrList(list),
        IEnumerable sequence => CelList.Of([.. sequence.Cast<object?>().Select(ToCel)]),
        _ => throw new ArgumentException($"A value of type {value.GetType()} has no counterpart in CEL; pass a JsonElement, a dictionary, a list or a scalar."),
    };

    public static object? ToClr(CelValue value) => value switch
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
        CelOptional optional => optional.Value is null ? null : ToClr(optional.Value),
        CelList list => list.Select(ToClr).ToList(),
        CelMap map => map.ToDictionary(entry => ToClr(entry.Key)!, entry => ToClr(entry.Value)),
        CelOpaque opaque => opaque.Text,
        _ => null,
    };

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
        JsonValueKind.String => new CelString(json.GetString()!),
        JsonValueKind.True => CelBool.True,
        JsonValueKind.False => CelBool.False,
        JsonValueKind.Number => Number(json),
        _ => CelNull.Instance,
    };

    private static CelValue Number(JsonElement json)
    {
        if (json.TryGetInt64(out var whole)) return new CelInt(whole);
        return json.TryGetUInt64(out var positive) ? new CelUint(positive) : new CelDouble(json.GetDouble());
    }
}
