using Kublambda.Cel.Values;

namespace Kublambda.Cel.Evaluation;

/// <summary><c>&amp;&amp;</c> and <c>||</c>: an operand that decides wins over errors in the others, wherever it stands.</summary>
internal sealed class LogicalNode(int position, bool isAnd, IReadOnlyList<Node> operands) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        CelValue? failure = null;
        foreach (var operand in operands)
        {
            var value = operand.Evaluate(context);
            if (value is CelBool flag)
            {
                if (flag.Value != isAnd) return flag;
            }
            else
            {
                failure ??= value as CelError ?? Errors.NoOverload(isAnd ? "&&" : "||", isMember: false, [value]).At(operand.Position);
            }
        }

        return failure ?? CelBool.Of(isAnd);
    }
}

internal sealed class ConditionalNode(int position, Node condition, Node then, Node otherwise) : Node(position)
{
    protected override CelValue Run(EvalContext context) => condition.Evaluate(context) switch
    {
        CelBool flag => (flag.Value ? then : otherwise).Evaluate(context),
        CelError error => error,
        var other => new CelError($"the condition of '?:' is {KindNames.Short(other.Kind)}, not bool"),
    };
}

internal readonly record struct ElementNode(Node Value, bool IsOptional);

internal sealed class ListNode(int position, IReadOnlyList<ElementNode> elements) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var values = new List<CelValue>(elements.Count);
        foreach (var element in elements)
        {
            var value = element.Value.Evaluate(context);
            if (value is CelError) return value;
            if (element.IsOptional)
            {
                if (value is not CelOptional optional) return Errors.NotOptional(value, "[?...]");
                if (optional.Value is not null) values.Add(optional.Value);
            }
            else
            {
                values.Add(value);
            }
        }

        return CelList.Of(values);
    }
}

internal readonly record struct EntryNode(Node Key, Node Value, bool IsOptional);

internal sealed class MapNode(int position, IReadOnlyList<EntryNode> entries) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var map = EntryMap.NewEntries(entries.Count);
        foreach (var entry in entries)
        {
            var key = entry.Key.Evaluate(context);
            if (key is CelError) return key;
            var value = entry.Value.Evaluate(context);
            if (value is CelError) return value;
            if (entry.IsOptional)
            {
                if (value is not CelOptional optional) return Errors.NotOptional(value, "{?...}");
                if (optional.Value is null) continue;
                value = optional.Value;
            }

            context.Budget.ChargeKey(key);
            if (Add(map, key, value) is { } error) return error.At(entry.Key.Position);
        }

        return new EntryMap(map);
    }

    public static CelError? Add(Dictionary<CelValue, CelValue> map, CelValue key, CelValue value)
    {
        if (key.Kind is not (CelKind.Int or CelKind.Uint or CelKind.Bool or CelKind.String))
            return new CelError($"a map has no keys of type {KindNames.Short(key.Kind)}", () => "keys are int, uint, bool or string");
        return map.TryAdd(key, value) ? null : new CelError($"the key {key} is there twice");
    }
}

internal sealed class BindNode(int position, int slot, Node value, Node body) : Node(position)
{
    // The bound expression may fail where the body does not use it; the error is kept as the variable's value.
    protected override CelValue Run(EvalContext context)
    {
        context.Locals[slot] = value.Evaluate(context);
        return body.Evaluate(context);
    }
}

internal sealed class OptMapNode(int position, Node target, int slot, Node body, bool isFlat) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var value = target.Evaluate(context);
        if (value is CelError) return value;
        if (value is not CelOptional optional) return Errors.NotOptional(value, isFlat ? "optFlatMap()" : "optMap()");
        if (optional.Value is null) return optional;
        context.Locals[slot] = optional.Value;
        var result = body.Evaluate(context);
        if (result is CelError) return result;
        if (!isFlat) return CelOptional.Of(result);
        return result is CelOptional ? result : Errors.NotOptional(result, "the body of optFlatMap()");
    }
}

/// <summary><c>optional.or(...)</c> and <c>optional.orValue(...)</c>: the alternative is evaluated only when it is needed.</summary>
internal sealed class OptionalOrNode(int position, Node target, Node alternative, bool givesValue) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var value = target.Evaluate(context);
        if (value is CelError) return value;
        if (value is not CelOptional optional) return Errors.NotOptional(value, givesValue ? "orValue()" : "or()");
        if (optional.Value is not null) return givesValue ? optional.Value : optional;
        var other = alternative.Evaluate(context);
        return givesValue || other is CelOptional or CelError ? other : Errors.NotOptional(other, "the alternative of or()");
    }
}
