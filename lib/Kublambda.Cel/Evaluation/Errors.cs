using Kublambda.Cel.Values;

namespace Kublambda.Cel.Evaluation;

internal static class Errors
{
    public static CelError NoOverload(string function, bool isMember, IReadOnlyList<CelValue> values) =>
        new("no such overload: " + Call(function, isMember, [.. values.Select(value => value.Kind)]));

    public static CelError NotOptional(CelValue value, string where) => new($"{where} needs an optional, not {KindNames.Short(value.Kind)}");

    public static string Call(string function, bool isMember, IReadOnlyList<CelKind> kinds)
    {
        var names = kinds.Select(KindNames.Short).ToList();
        if (isMember) return $"{names[0]}.{function}({string.Join(", ", names.Skip(1))})";
        if (char.IsLetter(function[0]) && function != "in") return $"{function}({string.Join(", ", names)})";
        return names.Count == 2 ? $"{names[0]} {function} {names[1]}" : $"{function}{names[0]}";
    }
}
