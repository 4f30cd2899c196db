using Kublambda.Cel.Checking;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Evaluation;

/// <summary>Fields of maps, elements of lists and maps, and both of what may be absent.</summary>
internal static class Selection
{
    public static CelValue Field(CelValue value, string field) => value switch
    {
        CelMap map => map.TryGetField(field, out var found) ? found : NoSuchField(map, field),
        CelOptional optional => OptionalField(optional, field),
        _ => new CelError($"{KindNames.Short(value.Kind)} has no field '{Display.Cut(field)}'", () => value is CelNull ? $"guard it with has(), or select with .?{Display.Cut(field)}" : null),
    };

    public static CelValue OptionalField(CelValue value, string field)
    {
        if (value is CelOptional optional) return optional.Value is null ? optional : OptionalField(optional.Value, field);
        if (value is CelMap map) return map.TryGetField(field, out var found) ? CelOptional.Of(found) : CelOptional.None;
        return new CelError($"{KindNames.Short(value.Kind)} has no field '{Display.Cut(field)}'");
    }

    public static CelValue Has(CelValue value, string field) => value switch
    {
        CelMap map => CelBool.Of(map.TryGetField(field, out _)),
        CelOptional { Value: null } => CelBool.False,
        CelOptional optional => Has(optional.Value, field),
        _ => new CelError($"{KindNames.Short(value.Kind)} has no fields"),
    };

    public static CelValue Element(CelValue value, CelValue key) => value switch
    {
        CelMap map => map.TryGetValue(key, out var found) ? found : NoSuchKey(map, key),
        CelList list => InList(list, key, isOptional: false),
        CelOptional optional => OptionalElement(optional, key),
        _ => new CelError($"{KindNames.Short(value.Kind)} has no elements"),
    };

    public static CelValue OptionalElement(CelValue value, CelValue key) => value switch
    {
        CelOptional optional => optional.Value is null ? optional : OptionalElement(optional.Value, key),
        CelMap map => !IsKey(key) ? NoSuchKey(map, key) : map.TryGetValue(key, out var found) ? CelOptional.Of(found) : CelOptional.None,
        CelList list => InList(list, key, isOptional: true),
        _ => new CelError($"{KindNames.Short(value.Kind)} has no elements"),
    };

    /// <summary>A whole number of any numeric type as an index; null otherwise.</summary>
    public static long? WholeNumber(CelValue value) => value switch
    {
        CelInt number => number.Value,
        CelUint number => number.Value <= long.MaxValue ? (long)number.Value : long.MaxValue,
        CelDouble number when Math.Truncate(number.Value) == number.Value => Numbers.ToInt(number.Value),
        _ => null,
    };

    private static CelValue InList(CelList list, CelValue key, bool isOptional)
    {
        if (WholeNumber(key) is not { } index) return new CelError($"{key} is no index of a list", () => "lists are indexed by int, from 0");
        if (index >= 0 && index < list.Count) return isOptional ? CelOptional.Of(list[(int)index]) : list[(int)index];
        return isOptional ? CelOptional.None : new CelError($"index {index} is outside the list of {list.Count}");
    }

    private static bool IsKey(CelValue key) => KindNames.IsNumeric(key.Kind) || key.Kind is CelKind.Bool or CelKind.String;

    private static CelError NoSuchKey(CelMap map, CelValue key) => key is CelString text ? NoSuchField(map, text.Value) : new CelError(IsKey(key) ? $"no such key: {key}" : $"a map has no keys of type {KindNames.Short(key.Kind)}");

    // The hint costs a walk over the keys; it is made only when somebody reads it.
    private static CelError NoSuchField(CelMap map, string field) =>
        new($"no such key: '{Display.Cut(field)}'", () => Suggestions.Nearest(field, map.StringKeys.Take(1_000)) ?? "guard it with has(), or select it as optional with .?");
}
