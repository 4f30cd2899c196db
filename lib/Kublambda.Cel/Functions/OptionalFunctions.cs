using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Optional values.</summary>
internal static class OptionalFunctions
{
    private const CelKind Optional = CelKind.Optional;

    public static void AddTo(FunctionTable table)
    {
        table.Global("optional.none", [], Optional, (_, _) => CelOptional.None);
        table.Global("optional.of", [CelKind.Dyn], Optional, (a, _) => CelOptional.Of(a[0]));
        table.Global("optional.ofNonZeroValue", [CelKind.Dyn], Optional, (a, _) => IsZero(a[0]) ? CelOptional.None : CelOptional.Of(a[0]));
        table.Global("optional.unwrap", [CelKind.List], CelKind.List, (a, context) => Unwrap((CelList)a[0], context));
        table.Member("unwrapOpt", [CelKind.List], CelKind.List, (a, context) => Unwrap((CelList)a[0], context));
        table.Member("hasValue", [Optional], CelKind.Bool, (a, _) => CelBool.Of(Value(a) is not null));
        table.Member("value", [Optional], CelKind.Dyn, (a, _) => Value(a) ?? new CelError("optional.none() has no value", () => "orValue(...) gives one for this case"));
        table.Member("or", [Optional, Optional], Optional, (a, _) => Value(a) is null ? a[1] : a[0]);
        table.Member("orValue", [Optional, CelKind.Dyn], CelKind.Dyn, (a, _) => Value(a) ?? a[1]);
    }

    private static CelValue? Value(CelValue[] arguments) => ((CelOptional)arguments[0]).Value;

    private static bool IsZero(CelValue value) => value switch
    {
        CelNull => true,
        CelBool flag => !flag.Value,
        CelInt number => number.Value == 0,
        CelUint number => number.Value == 0,
        CelDouble number => number.Value == 0,
        CelString text => text.Value.Length == 0,
        CelBytes bytes => bytes.Value.Length == 0,
        CelList list => list.Count == 0,
        CelMap map => map.Count == 0,
        CelDuration span => span.Nanoseconds == 0,
        CelTimestamp time => time is { Seconds: 0, Nanos: 0 },
        CelOptional optional => optional.Value is null,
        _ => false,
    };

    private static CelValue Unwrap(CelList list, Evaluation.EvalContext context)
    {
        context.Budget.Charge(list.Count);
        var values = new List<CelValue>();
        foreach (var item in list)
        {
            if (item is not CelOptional optional) return new CelError($"only lists of optionals are unwrapped; {KindNames.Short(item.Kind)} is none");
            if (optional.Value is not null) values.Add(optional.Value);
        }

        return CelList.Of(values);
    }
}
