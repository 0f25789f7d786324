#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "image/json.h"

json_t *json_read(const char *text, size_t size, const char *what, struct fault *f) {
        json_error_t error;
        json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);

        if (!root)
                (void) fault(f, -EINVAL, "%s is no JSON that can be read: line %d: %s", what, error.line,
                             json_error_code(&error) == json_error_stack_overflow
                                     ? "nested too deeply"
                                     : "not valid, or a key twice");
        return root;
}

static const char *name_of(json_type type) {
        switch (type) {
        case JSON_OBJECT:
                return "an object";
        case JSON_ARRAY:
                return "a list";
        case JSON_STRING:
                return "a string";
        case JSON_INTEGER:
                return "a whole number";
        case JSON_REAL:
        case JSON_TRUE:
        case JSON_FALSE:
        case JSON_NULL:
                break;
        }
        return "something else";
}

int json_get(const json_t *object, const char *key, json_type type, json_t **ret, struct fault *f) {
        json_t *value = json_object_get(object, key);

        *ret = NULL;
        if (!value || json_is_null(value))
                return 0;
        if (json_typeof(value) != type)
                return fault(f, -EINVAL, "\"%s\" is not %s", key, name_of(type));
        *ret = value;
        return 0;
}

int json_get_text(const json_t *object, const char *key, const char **ret, struct fault *f) {
        json_t *value = NULL;
        int r = json_get(object, key, JSON_STRING, &value, f);

        if (r == 0)
                *ret = value ? json_string_value(value) : NULL;
        return r;
}

int json_copy_text(const json_t *object, const char *key, char **ret, struct fault *f) {
        const char *text = NULL;
        int r = json_get_text(object, key, &text, f);

        if (r < 0)
                return r;
        char *copy = text ? strdup(text) : NULL;
        if (text && !copy)
                return -ENOMEM;
        free(*ret);
        *ret = copy;
        return 0;
}

int json_copy_list(const json_t *object, const char *key, size_t most, char ***ret, struct fault *f) {
        json_t *list = NULL;
        int r = json_get(object, key, JSON_ARRAY, &list, f);

        if (r < 0)
                return r;
        if (json_array_size(list) > most)
                return fault(f, -E2BIG, "\"%s\" has more than %zu entries", key, most);
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *word = json_string_value(json_array_get(list, i));
                if (!word)
                        return fault(f, -EINVAL, "\"%s\" has an entry that is not a string", key);
                if (strv_add(ret, word) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int json_get_size(const json_t *object, const char *key, uint64_t *ret, struct fault *f) {
        json_t *value = NULL;
        int r = json_get(object, key, JSON_INTEGER, &value, f);

        if (r < 0)
                return r;
        if (json_integer_value(value) < 0)
                return fault(f, -EINVAL, "\"%s\" is negative", key);
        *ret = (uint64_t) json_integer_value(value);
        return 0;
}
