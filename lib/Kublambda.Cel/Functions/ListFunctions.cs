using System.Numerics;
using System.Runtime.CompilerServices;
using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>The lists extension.</summary>
internal static class ListFunctions
{
    private const CelKind List = CelKind.List;
    private const CelKind Int = CelKind.Int;
    private const long MaxRange = 10_000_000;

    public static void AddTo(FunctionTable table)
    {
        table.Member("slice", [List, Int, Int], List, (a, context) => Slice((CelList)a[0], ((CelInt)a[1]).Value, ((CelInt)a[2]).Value, context));
        table.Member("flatten", [List], List, (a, context) => Flatten((CelList)a[0], 1, context));
        table.Member("flatten", [List, Int], List, (a, context) => Flatten((CelList)a[0], ((CelInt)a[1]).Value, context));
        table.Member("distinct", [List], List, (a, context) => Distinct((CelList)a[0], context));
        table.Member("reverse", [List], List, (a, context) => CelList.Of([.. Copied((CelList)a[0], context).Reverse()]));
        table.Member("sort", [List], List, (a, context) => SortByKeys((CelList)a[0], (CelList)a[0], context));
        table.Member("first", [List], CelKind.Optional, (a, _) => At((CelList)a[0], 0));
        table.Member("last", [List], CelKind.Optional, (a, _) => At((CelList)a[0], ((CelList)a[0]).Count - 1));
        table.Global("lists.range", [Int], List, (a, context) => Range(((CelInt)a[0]).Value, context));
    }

    /// <summary>The list in the order of its keys, which must be of one kind; equal keys keep their order.</summary>
    public static CelValue SortByKeys(CelList list, IReadOnlyList<CelValue> keys, EvalContext context)
    {
        if (keys.Count == 0) return list;
        var kind = keys[0].Kind;
        if (!Ordering.IsOrdered(kind)) return new CelError($"{KindNames.Short(kind)} has no order to sort by");
        foreach (var key in keys)
        {
            if (key.Kind != kind) return new CelError($"a list is sorted by one type, not by {KindNames.Short(kind)} and {KindNames.Short(key.Kind)}");
        }

        // Paid for before: an exception does not leave a comparer as it is.
        context.Budget.Charge(keys.Sum(key => 1L + (key is CelString text ? text.Value.Length / 100 : 0)) * (BitOperations.Log2((uint)keys.Count) + 1));
        var comparer = Comparer<CelValue>.Create((a, b) => Ordering.Compare(a, b) ?? Comparer<double>.Default.Compare(((CelDouble)a).Value, ((CelDouble)b).Value));
        return CelList.Of([.. Enumerable.Range(0, list.Count).OrderBy(index => keys[index], comparer).Select(index => list[index])]);
    }

    private static CelList Copied(CelList list, EvalContext context)
    {
        context.Budget.Charge(list.Count);
        return list;
    }

    private static CelOptional At(CelList list, int index) => list.Count == 0 ? CelOptional.None : CelOptional.Of(list[index]);

    private static CelValue Slice(CelList list, long start, long end, EvalContext context)
    {
        if (start < 0 || end > list.Count || start > end) return new CelError($"slice({start}, {end}) does not lie in the list of {list.Count}");
        context.Budget.Charge(end - start);
        return CelList.Of([.. list.Skip((int)start).Take((int)(end - start))]);
    }

    private static CelValue Flatten(CelList list, long depth, EvalContext context)
    {
        if (depth < 0) return new CelError($"flatten({depth}): the depth is not negative");
        var result = new List<CelValue>();
        Flatten(list, depth, result, context);
        return CelList.Of(result);
    }

    private static void Flatten(CelList list, long depth, List<CelValue> result, EvalContext context)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var item in list)
        {
            context.Budget.Charge(1);
            if (item is CelList inner && depth > 0)
                Flatten(inner, depth - 1, result, context);
            else
                result.Add(item);
        }
    }

    // Quadratic, as equality is not transitive across numeric types and lists have no hash that agrees with it cheaply; the budget bounds it.
    private static CelList Distinct(CelList list, EvalContext context)
    {
        var result = new List<CelValue>();
        foreach (var item in list)
        {
            if (!Operators.Contains(CelList.Of(result), item, context)) result.Add(item);
        }

        return CelList.Of(result);
    }

    private static CelValue Range(long count, EvalContext context)
    {
        if (count < 0) return new CelError($"lists.range({count}): the size is not negative");
        context.Budget.Charge(count);
        if (count > MaxRange) return new CelError($"lists.range({count}): the size is at most {MaxRange}");
        return CelList.Of([.. Enumerable.Range(0, (int)count).Select(number => new CelInt(number))]);
    }
}
