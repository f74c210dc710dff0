using System.Reflection;
using CertHerald.Following;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Architecture;

/// <summary>What never runs while entries are read (ct.md 2.5): it is in no compiled code that could run then.</summary>
public sealed class IngestTests
{
    /// <summary>Where the platform's reading of a certificate begins. A callback's signature may name X509Chain, which takes one of these.</summary>
    private static readonly HashSet<string> Parsers =
        ["X509Certificate2", "X509CertificateLoader", "X509Certificate2Collection", "Pkcs12Info", "SignedCms"];

    /// <summary>Who we are to receivers, and which private CAs they lead to: read when a webhook is configured.</summary>
    private static readonly HashSet<string> Apart = ["CertHerald.Delivering.WebhookTls", "CertHerald.Delivering.PrivateTrust"];

    [Fact]
    public void Rule_2_5_No_code_that_reads_entries_holds_the_platforms_certificates() => Assert.Empty(
        from assembly in (Assembly[])[typeof(LogFollower).Assembly, typeof(CertificateView).Assembly, typeof(WatchList).Assembly]
        from used in UsedBy(assembly)
        where !Apart.Contains(used.By)
        select $"{used.By} uses {used.Type}");

    [Fact]
    public void A_use_of_the_platforms_certificates_is_seen_in_code_that_has_it() => Assert.Contains(("CertHerald.TestLog.TestCa", "X509Certificate2"), UsedBy(typeof(TestCa).Assembly));

    /// <summary>Which types name one in a field, a signature, or in code. What compilers make within a type is the type's.</summary>
    private static IEnumerable<(string By, string Type)> UsedBy(Assembly assembly) =>
    [
        .. from type in assembly.GetTypes()
           from used in UsedBy(type)
           where Parsers.Contains(used.Name)
           select (By: Outermost(type), used.Name),
    ];

    private static HashSet<Type> UsedBy(Type type)
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        HashSet<Type> used = [.. type.GetFields(All).Select(field => field.FieldType)];
        foreach (MethodBase method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
        {
            used.UnionWith(method.GetParameters().Select(parameter => parameter.ParameterType));
            if (method is MethodInfo { ReturnType: { } result }) used.Add(result);
            if (method.GetMethodBody() is not { } body) continue;
            used.UnionWith(body.LocalVariables.Select(local => local.LocalType));
            used.UnionWith(CalledBy(method, body).Select(called => called.DeclaringType).OfType<Type>());
        }
        return used;
    }

    /// <summary>What is called or made: behind one of the instructions' bytes stands its token. Bytes that only look like one are no method's.</summary>
    private static IEnumerable<MethodBase> CalledBy(MethodBase method, MethodBody body)
    {
        byte[] code = body.GetILAsByteArray()!;
        for (int i = 0; i + 4 < code.Length; i++)
        {
            if (code[i] is not (0x28 or 0x6F or 0x73)) continue;      // call, callvirt, newobj
            if (Resolve(method, BitConverter.ToInt32(code, i + 1)) is { } called) yield return called;
        }
    }

    private static MethodBase? Resolve(MethodBase method, int token)
    {
        try
        {
            return method.Module.ResolveMethod(token, method.DeclaringType?.GetGenericArguments(), method is ConstructorInfo ? null : method.GetGenericArguments());
        }
        catch (Exception e) when (e is ArgumentException or BadImageFormatException)
        {
            return null;
        }
    }

    private static string Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type.FullName!;
}
