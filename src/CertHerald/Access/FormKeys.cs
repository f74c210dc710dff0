using System.Xml;
using System.Xml.Linq;
using CertHerald.Storage.Secrets;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace CertHerald.Access;

/// <summary>
/// The keys that protect the console's forms, a file each. The platform's own store of them does not flush: after a power cut its
/// newest file may be empty, which it cannot read, and with it no key at all.
/// </summary>
internal sealed class FormKeys(string folder) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        var keys = new List<XElement>();
        foreach (string file in Directory.GetFiles(folder, "*.xml"))
            try
            {
                keys.Add(XElement.Load(file));
            }
            catch (XmlException)
            {
                // Cut off before it was flushed, so it has protected no more than a form or two: who filled one in does so again.
                File.Delete(file);
            }
        return keys;
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        string path = Path.Combine(folder, friendlyName + ".xml"), fresh = path + ".new";
        File.Delete(fresh);
        var style = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) style.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(fresh, style))
        {
            element.Save(file);
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
        DirectoryFlush.Run(folder);
    }
}
