namespace Kublambda.Cel;

/// <summary>What a value is at run time, and what the checker knows of an expression (<see cref="Dyn"/> when nothing).</summary>
public enum CelKind
{
    /// <summary>Not known before evaluation; accepts and is accepted by every other kind.</summary>
    Dyn,
    /// <summary>The value <c>null</c>.</summary>
    Null,
    /// <summary><c>true</c> or <c>false</c>.</summary>
    Bool,
    /// <summary>64-bit signed integer.</summary>
    Int,
    /// <summary>64-bit unsigned integer.</summary>
    Uint,
    /// <summary>IEEE 754 double.</summary>
    Double,
    /// <summary>Unicode code points.</summary>
    String,
    /// <summary>Octets.</summary>
    Bytes,
    /// <summary>Values of any kinds in order.</summary>
    List,
    /// <summary>Values by int, uint, bool or string.</summary>
    Map,
    /// <summary>A point in time, years 1 to 9999, nanosecond resolution.</summary>
    Timestamp,
    /// <summary>A span of time in 64-bit nanoseconds, about 292 years each way.</summary>
    Duration,
    /// <summary>A type as a value: what <c>type(x)</c> returns.</summary>
    Type,
    /// <summary>A value that may be absent.</summary>
    Optional,
    /// <summary>A value only functions can make and read, such as a Kubernetes quantity.</summary>
    Opaque,
    /// <summary>An evaluation error on its way up; never seen by callers of the library.</summary>
    Error,
}
