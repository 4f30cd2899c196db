using Kublambda.Cel.Functions;
using Kublambda.Cel.Syntax;

namespace Kublambda.Cel.Evaluation;

/// <summary>A node of the executable tree. Errors are returned as <see cref="CelError"/>, with the position of the innermost node that saw them.</summary>
internal abstract class Node(int position)
{
    public int Position { get; } = position;

    public CelValue Evaluate(EvalContext context)
    {
        context.Step(Position);
        var value = Run(context);
        return value is CelError error ? error.At(Position) : value;
    }

    protected abstract CelValue Run(EvalContext context);
}

internal sealed class ConstantNode(int position, CelValue value) : Node(position)
{
    public CelValue Value { get; } = value;

    protected override CelValue Run(EvalContext context) => Value;
}

internal sealed class LocalNode(int position, int slot) : Node(position)
{
    protected override CelValue Run(EvalContext context) => context.Locals[slot];
}

/// <param name="Name">The number of a variable's full name.</param>
/// <param name="Rest">The fields of the written name that are not part of it.</param>
internal readonly record struct NameCandidate(int Name, IReadOnlyList<NamePart> Rest);

/// <summary>A name, perhaps dotted: the longest prefix that is bound, in the innermost namespace, then fields of it.</summary>
internal sealed class NameNode(int position, string written, IReadOnlyList<NameCandidate> candidates, CelValue? constant) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        foreach (var candidate in candidates)
        {
            if (context.Variable(candidate.Name) is not { } value) continue;
            foreach (var field in candidate.Rest)
            {
                context.Budget.Charge(1);
                value = Selection.Field(value, field.Name);
                if (value is CelError error) return error.At(field.Position);
            }

            return value;
        }

        return constant ?? new CelError($"unknown name '{written}'");
    }
}

internal sealed class SelectNode(int position, Node operand, string field, bool isOptional) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var value = operand.Evaluate(context);
        if (value is CelError) return value;
        return isOptional ? Selection.OptionalField(value, field) : Selection.Field(value, field);
    }
}

internal sealed class HasNode(int position, Node operand, string field) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var value = operand.Evaluate(context);
        return value is CelError ? value : Selection.Has(value, field);
    }
}

internal sealed class IndexNode(int position, Node operand, Node index, bool isOptional) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var value = operand.Evaluate(context);
        if (value is CelError) return value;
        var key = index.Evaluate(context);
        if (key is CelError) return key;
        context.Budget.ChargeKey(key);
        return isOptional ? Selection.OptionalElement(value, key) : Selection.Element(value, key);
    }
}

internal delegate CelValue Operation(CelValue left, CelValue right, EvalContext context);

internal sealed class BinaryNode(int position, Node left, Node right, Operation operation) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var a = left.Evaluate(context);
        if (a is CelError) return a;
        var b = right.Evaluate(context);
        return b is CelError ? b : operation(a, b, context);
    }
}

internal sealed class UnaryNode(int position, Node operand, Func<CelValue, CelValue> operation) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var value = operand.Evaluate(context);
        return value is CelError ? value : operation(value);
    }
}

internal sealed class CallNode(int position, string function, bool isMember, IReadOnlyList<Overload> overloads, IReadOnlyList<Node> arguments) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var values = new CelValue[arguments.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Evaluate(context);
            if (values[i] is CelError) return values[i];
        }

        foreach (var overload in overloads)
        {
            if (overload.Accepts(values)) return overload.Body(values, context);
        }

        return Errors.NoOverload(function, isMember, values);
    }
}

/// <summary>What cannot be evaluated, such as an unknown function in a program that was not checked: an error at run time, which <c>||</c> may absorb.</summary>
internal sealed class FailingNode(int position, string message) : Node(position)
{
    protected override CelValue Run(EvalContext context) => new CelError(message);
}
