using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Kubernetes' list library: <c>isSorted</c>, <c>sum</c>, <c>min</c>, <c>max</c>, <c>indexOf</c>, <c>lastIndexOf</c>.</summary>
internal static class KubernetesListFunctions
{
    public static void AddTo(FunctionTable table)
    {
        table.Member("isSorted", [CelKind.List], CelKind.Bool, (a, context) => IsSorted((CelList)a[0], context));
        table.Member("sum", [CelKind.List], CelKind.Dyn, (a, context) => Sum((CelList)a[0], context));
        table.Member("min", [CelKind.List], CelKind.Dyn, (a, context) => Extreme((CelList)a[0], "min", -1, context));
        table.Member("max", [CelKind.List], CelKind.Dyn, (a, context) => Extreme((CelList)a[0], "max", 1, context));
        table.Member("indexOf", [CelKind.List, CelKind.Dyn], CelKind.Int, (a, context) => Find((CelList)a[0], a[1], context, fromEnd: false));
        table.Member("lastIndexOf", [CelKind.List, CelKind.Dyn], CelKind.Int, (a, context) => Find((CelList)a[0], a[1], context, fromEnd: true));
    }

    private static CelValue IsSorted(CelList list, EvalContext context)
    {
        for (var i = 1; i < list.Count; i++)
        {
            context.Budget.Charge(1);
            if (!Ordering.AreComparable(list[i - 1].Kind, list[i].Kind)) return Errors.NoOverload("<=", isMember: false, [list[i - 1], list[i]]);
            if (!(Ordering.Compare(list[i - 1], list[i]) <= 0)) return CelBool.False;
        }

        return CelBool.True;
    }

    private static CelValue Sum(CelList list, EvalContext context)
    {
        if (list.Count == 0) return new CelInt(0);
        var total = list[0];
        if (!KindNames.IsNumeric(total.Kind) && total is not CelDuration) return new CelError($"sum() adds numbers or durations, not {KindNames.Short(total.Kind)}");
        for (var i = 1; i < list.Count && total is not CelError; i++)
        {
            context.Budget.Charge(1);
            total = Arithmetic.Add(total, list[i], context);
        }

        return total;
    }

    private static CelValue Extreme(CelList list, string name, int wanted, EvalContext context)
    {
        if (list.Count == 0) return new CelError($"{name}() of an empty list");
        var best = list[0];
        if (!Ordering.IsOrdered(best.Kind)) return new CelError($"{KindNames.Short(best.Kind)} has no order for {name}()");
        for (var i = 1; i < list.Count; i++)
        {
            context.Budget.Charge(1);
            if (!Ordering.AreComparable(best.Kind, list[i].Kind)) return Errors.NoOverload("<", isMember: false, [best, list[i]]);
            if (Math.Sign(Ordering.Compare(list[i], best) ?? 0) == wanted) best = list[i];
        }

        return best;
    }

    private static CelInt Find(CelList list, CelValue wanted, EvalContext context, bool fromEnd)
    {
        for (var i = 0; i < list.Count; i++)
        {
            context.Budget.Charge(1);
            var index = fromEnd ? list.Count - 1 - i : i;
            if (Equality.AreEqual(list[index], wanted, context.Budget)) return new CelInt(index);
        }

        return new CelInt(-1);
    }
}
